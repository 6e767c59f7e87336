import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEngineAddress } from "@shipkeeper/docker";
import { formatEnrollmentToken } from "@shipkeeper/protocol";
import { ConfigProblem } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAgentConfig, type ConfigInput } from "./config.ts";

const TOKEN = { id: "01".repeat(8), secret: "5e".repeat(32), policyKeyFingerprint: "f1".repeat(32) };
const tokenText = formatEnrollmentToken(TOKEN);

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agent-config-"));
  file = join(folder, "agent.yaml");
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(text: string, more: Partial<ConfigInput> = {}) {
  writeFileSync(file, text);
  return readAgentConfig({ file, environment: {}, ...more });
}

function problemsOf(text: string, more: Partial<ConfigInput> = {}): string {
  try {
    read(text, more);
    return "";
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    return error.problems.join("\n").replaceAll(`${folder}/`, "");
  }
}

const COLLECTOR = "collector: https://collector.example:8080\n";

test("the collector's address is enough, everything else has its usual place", () => {
  expect(read(COLLECTOR)).toEqual({
    collector: new URL("https://collector.example:8080"),
    stateDir: "/var/lib/shipkeeper-agent",
    docker: parseEngineAddress("/var/run/docker.sock"),
    guardrails: "/etc/shipkeeper/guardrails.yaml",
    labels: {},
    repositories: {},
    registries: {},
    recoveryKeys: [],
    token: undefined,
    sampleIntervalMs: 10_000,
    resyncIntervalMs: 300_000,
  });
});

test("a file says what it wants otherwise", () => {
  const text = `${COLLECTOR}labels: { environment: production }
docker: unix:///run/other.sock
sampleInterval: 30s
repositories:
  offsite: { url: "sftp:backup:/srv", passwordFile: /etc/shipkeeper/offsite.password }
registries:
  main: { url: "https://registry.example:5000", username: cleaner, passwordFile: /etc/shipkeeper/registry.password }`;

  expect(read(text)).toMatchObject({
    labels: { environment: "production" },
    docker: parseEngineAddress("/run/other.sock"),
    sampleIntervalMs: 30_000,
    repositories: { offsite: { url: "sftp:backup:/srv", passwordFile: "/etc/shipkeeper/offsite.password" } },
    registries: { main: { url: new URL("https://registry.example:5000"), username: "cleaner" } },
  });
});

test("DOCKER_HOST counts where the configuration says nothing", () => {
  const environment = { DOCKER_HOST: "unix:///run/other.sock" };

  expect(read(COLLECTOR, { environment }).docker).toEqual(parseEngineAddress("/run/other.sock"));
});

test("the token comes by flag, by the file's own words, by a file, or from systemd", () => {
  const credentials = join(folder, "credentials");
  mkdirSync(credentials);
  for (const name of ["token", "credentials/enrollment-token"])
    writeFileSync(join(folder, name), `${tokenText}\n`);

  expect(read(COLLECTOR, { flags: { token: tokenText } }).token).toEqual(TOKEN);
  expect(read(`${COLLECTOR}enrollmentToken: ${tokenText}`).token).toEqual(TOKEN);
  expect(read(`${COLLECTOR}enrollmentTokenFile: ${join(folder, "token")}`).token).toEqual(TOKEN);
  expect(read(COLLECTOR, { environment: { CREDENTIALS_DIRECTORY: credentials } }).token).toEqual(TOKEN);
});

test("a token file that is gone is no mistake: the token was used, and somebody tidied up", () => {
  expect(read(`${COLLECTOR}enrollmentTokenFile: /absent/token`).token).toBeUndefined();
});

test("a token that is none is refused without being repeated", () => {
  const problem = problemsOf(`${COLLECTOR}enrollmentToken: ske_5ec2e7`);

  expect(problem).toContain("not an enrolment token");
  expect(problem).not.toContain("5ec2e7");
});

test("a repository says how it is reached, what opens it, and what it is for", () => {
  const text = `${COLLECTOR}repositories:
  local: { url: "local:/srv/backups", passwordCredential: local-password }
  offsite:
    url: "s3:https://s3.example/backups"
    passwordFile: /etc/shipkeeper/offsite.password
    environmentFile: /etc/shipkeeper/offsite.env
    appendOnly: true
    limitUpload: 5MB/s
    costPerGb: 0.02
`;

  expect(read(text).repositories).toMatchObject({
    local: { url: "/srv/backups", passwordCredential: "local-password", appendOnly: false },
    offsite: { appendOnly: true, limitUploadBytesPerS: 5_000_000, costPerGb: 0.02 },
  });
});

test.for([
  ['{ url: "backups", passwordFile: /p }', "expected a folder such as /srv/backups"],
  ['{ url: "ftp:host", passwordFile: /p }', "or sftp:, rest:, s3:, rclone:"],
  ["{ url: /srv }", "either `passwordFile` or `passwordCredential`"],
  ["{ url: /srv, passwordFile: /p, passwordCredential: p }", "either `passwordFile` or `passwordCredential`"],
  ["{ url: /srv, passwordFile: /p, sftpCommand: ssh }", "is for sftp: repositories only"],
  ["{ url: /srv, passwordFile: /p, limitUpload: 5 }", "expected bytes a second such as 5MB"],
] as const)("a repository such as %s is refused: %s", ([repository, why]) => {
  expect(problemsOf(`${COLLECTOR}repositories: { main: ${repository} }`)).toContain(why);
});

test("a registry is an address without a path, and a name goes with a password", () => {
  const problem = (registry: string) => problemsOf(`${COLLECTOR}registries: { main: ${registry} }`);

  expect(problem('{ url: "https://registry.example/v2" }')).toContain("without a path");
  expect(problem('{ url: "https://me:secret@registry.example" }')).toContain("without a path");
  expect(problem('{ url: "https://registry.example", username: me }')).toContain("belong together");
});

test("every mistake has its place and its sentence", () => {
  const text = `colector: https://collector.example
sampleInterval: 300
docker: ssh://somewhere
repositories:
  Off Site: { url: /srv, pasword: secret }
`;

  expect(problemsOf(text).split("\n")).toEqual([
    "agent.yaml:1:1: collector is missing: expected an address such as https://collector.example:8080",
    "agent.yaml:1:1: unknown key colector; did you mean collector?",
    "agent.yaml:2:17: sampleInterval: expected a duration such as 10s",
    expect.stringMatching(/^agent\.yaml:3:9: docker: .*is not of the form/),
    expect.stringMatching(/^agent\.yaml:5:/),
  ]);
});
