import { cpSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fillVolume, startFleet, waitUntil, type Fleet } from "@shipkeeper/lab";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildRelease } from "./service/build-release.ts";
import { startSystemdHost, type SystemdHost } from "./service/systemd-host.ts";

const COLLECTOR = "shipkeeper-collector.service";
const AGENT = "shipkeeper-agent.service";
const URL = "http://127.0.0.1:8080";
const NO_TOKEN = `ske_${"0".repeat(16)}_${"0".repeat(64)}`;

let fleet: Fleet;
let host: SystemdHost;
/** Paths of the installers inside the host. */
let install: string;
let installNext: string;
let installDamaged: string;

beforeAll(async () => {
  fleet = await startFleet({ hosts: ["web-1"] });
  const folder = join(fleet.folder, "releases"); // goes with the fleet, however this process ends
  const release = await buildRelease(folder, "1.0.0");
  const next = await buildRelease(folder, "1.0.1");
  const damaged = join(folder, "damaged");
  cpSync(release, damaged, { recursive: true });
  writeFileSync(join(damaged, "lib/shipkeeper-agent.mjs"), "process.exit(0);\n");
  [install = "", installNext = "", installDamaged = ""] = [release, next, damaged].map(
    (path) => `/release/${basename(path)}/install.sh`,
  );

  host = await startSystemdHost(fleet.host("web-1"), { name: "web-1", folders: { [folder]: "/release" } });
}, 600_000); // the first time, it makes a Debian

afterEach(async ({ task }) => {
  if (task.result?.state !== "fail" || host === undefined) return;
  console.error((await host.try("journalctl", "--unit=shipkeeper-*", "--lines=50", "--output=cat")).out);
});

afterAll(async () => {
  await fleet?.stop();
});

// One host's life, in order: each promise builds on the ones before it.
describe("on a host with systemd, and without Node.js, npm or curl", () => {
  test("what cannot be installed is refused in a sentence, and nothing has changed", async () => {
    expect(await host.run("sh", "-c", "! command -v node npm curl")).toBe("");

    expect(await refusal(install, "agent", "--colector", URL)).toBe(
      "2: shipkeeper: agent does not know --colector (--help explains)",
    );
    expect(await refusal(install, "agent", "--collector", URL, "--token", "ske_cut_off")).toBe(
      "2: shipkeeper: that is no enrolment token; shipkeeper token create prints one, ske_… (--help explains)",
    );
    expect(await refusal(install, "agent", "--collector", URL)).toBe(
      "2: shipkeeper: a host that is not enrolled needs --token TOKEN (--help explains)",
    );
    expect(await refusal(install, "collector", "--listen", "8080")).toBe(
      "2: shipkeeper: --listen takes ADDRESS:PORT, such as 0.0.0.0:8080, not 8080 (--help explains)",
    );
    expect(await refusal(installDamaged, "agent", "--collector", URL, "--token", NO_TOKEN)).toMatch(
      /^1: lib\/shipkeeper-agent.mjs: FAILED\n[^]*shipkeeper: the release in .* is damaged: please fetch it again$/,
    );

    expect(
      await host.run("sh", "-c", "ls -d /opt/shipkeeper* /etc/shipkeeper* /usr/local/bin/* 2>&1 || true"),
    ).toMatch(/^(ls: cannot access .*\n?){3}$/);
  });

  test("one command installs the collector, which runs as a user of its own", async () => {
    const said = await host.try(install, "collector", "--public-url", URL);

    expect(said).toMatchObject({
      exitCode: 0,
      error: expect.stringContaining("runs and listens on 127.0.0.1:8080"),
    });
    expect(said.error).toContain("token is in /var/lib/shipkeeper-collector/admin.token");
    expect(await host.run("systemctl", "is-active", COLLECTOR)).toBe("active");
    expect(await host.run("stat", "-c", "%U", `/proc/${await mainPid(COLLECTOR)}`)).toBe(
      "shipkeeper-collector",
    );
    expect(await host.run("stat", "-c", "%a %U", "/var/lib/shipkeeper-collector/admin.token")).toBe(
      "600 shipkeeper-collector",
    );
  });

  test("an agent whose token is refused says so at once, and can be given another", async () => {
    const said = await host.try(install, "agent", "--collector", URL, "--token", NO_TOKEN);

    expect(said.exitCode).toBe(1);
    expect(said.error).toMatch(
      /the collector refused the enrolment[^]*the agent runs, but it is not enrolled: is/,
    );
    expect(await host.run("systemctl", "is-active", AGENT)).toBe("active");
  });

  test("one command installs the agent; a minute later at most the fleet lists its host", async () => {
    await shipkeeper("key", "create", "/srv/policy.key");
    const { token } = JSON.parse(
      await shipkeeper("token", "create", "--policy-key", "/srv/policy.key", "--json"),
    ) as { token: string };

    const labels = ["--label", "environment=test", "--label", "site=vienna"];
    const said = await host.try(install, "agent", "--collector", URL, "--token", token, ...labels);

    expect(said).toMatchObject({ exitCode: 0, error: expect.stringContaining(`is enrolled at ${URL}`) });
    expect(await host.run("systemctl", "is-active", AGENT)).toBe("active");
    const listed = await waitUntil(async () => (await hosts()).find(({ engineVersion }) => engineVersion), {
      what: "the host with its engine",
      deadlineMs: 60_000,
      everyMs: 500,
    });
    expect(listed).toMatchObject({
      hostname: "web-1",
      state: "online",
      labels: { environment: "test", site: "vienna" },
      containers: { total: 1 }, // the container that stands for the host
    });
    expect(await host.run("ls", "/etc/shipkeeper")).toBe(
      "agent.yaml\ncollector.yaml\nguardrails.example.yaml",
    );
  });

  test("the units are without fault, and hardened", async () => {
    for (const [unit, mostExposure] of [
      [COLLECTOR, "20"],
      [AGENT, "45"],
    ] as const) {
      expect(await host.try("systemd-analyze", "verify", "--man=no", `/etc/systemd/system/${unit}`)).toEqual({
        exitCode: 0, // also where it does not know a key: then it says so
        out: "",
        error: "",
      });
      await host.run("systemd-analyze", "security", `--threshold=${mostExposure}`, unit);
    }
  });

  test("the hardened service makes the backups that a signed policy asks for", async () => {
    await fillVolume(fleet.host("web-1"), "notes-data", [
      { path: "private", content: "…", mode: 0o600, uid: 1000 },
      { path: "set-id", content: "", mode: 0o6755, uid: 1000 },
    ]);
    await host.run("mknod", join(volumeFolder("notes-data"), "null"), "c", "1", "3");
    await host.run("sh", "-c", 'umask 077; echo "a password" >/etc/shipkeeper/local.password');
    await append("/etc/shipkeeper/agent.yaml", REPOSITORIES);
    await append("/srv/policy.yaml", POLICY);
    await host.run("mkdir", DROP_INS);
    await append(`${DROP_INS}/data-root.conf`, `[Service]\nReadWritePaths=${fleet.host("web-1").dataRoot}\n`);
    await host.run("systemctl", "daemon-reload");
    await host.run("systemctl", "restart", AGENT);

    await shipkeeper("policy", "push", "/srv/policy.yaml", "--key", "/srv/policy.key");

    const points = await waitUntil(async () => list(await shipkeeper("restore-points", "--json")), {
      what: "a restore point",
      deadlineMs: 90_000,
      everyMs: 1_000,
    });
    expect(points[0]).toMatchObject({
      host: "web-1",
      dataset: "volume:notes-data",
      repository: "local",
      files: 2,
    });
    expect(await host.run("ls", "/var/backups/shipkeeper/local")).toContain("snapshots");
  });

  test("the same service restores what a signed order asks for, with owners, modes and device nodes", async () => {
    await shipkeeper("restore", ...NOTES, "--into", "notes-restored", "--wait");

    const restored = await filesOf("notes-restored");
    expect(restored).toEqual(await filesOf("notes-data"));
    expect(restored).toMatch(/^null c 644 0 \S+\nprivate f 600 1000 \S+\nset-id f 6755 1000 \S+$/m);
  });

  test("a drop-in takes the rights to restore away", async () => {
    const released = "/opt/shipkeeper/current/packaging/systemd/shipkeeper-agent-no-restores.conf";
    await host.run("ln", "-s", released, `${DROP_INS}/no-restores.conf`);
    await host.run("systemctl", "daemon-reload");
    await host.run("systemctl", "restart", AGENT);

    const ordered = shipkeeper("restore", ...NOTES, "--into", "notes-again", "--wait");

    await expect(ordered).rejects.toThrow(/the order is refused: .*data cannot be written by this program/);
    await host.run("systemd-analyze", "security", "--threshold=30", AGENT);
    await host.run("rm", "-r", DROP_INS);
    await host.run("systemctl", "daemon-reload");
  });

  test("the same command again changes nothing", async () => {
    const before = [await mainPid(COLLECTOR), await mainPid(AGENT)];

    const collector = await host.try(install, "collector");
    const agent = await host.try(install, "agent", "--label", "site=vienna");

    expect(collector.error).toContain("nothing has changed");
    expect(agent.error).toContain("nothing has changed");
    expect([await mainPid(COLLECTOR), await mainPid(AGENT)]).toEqual(before);
  });

  test("both services outlive systemd's own restart, and come back after a crash and a reboot", async () => {
    const before = await onlyHost();
    const [collectorPid, agentPid] = [await mainPid(COLLECTOR), await mainPid(AGENT)];

    await host.run("systemctl", "daemon-reexec");
    expect([await mainPid(COLLECTOR), await mainPid(AGENT)]).toEqual([collectorPid, agentPid]);

    await host.run("systemctl", "restart", COLLECTOR, AGENT);
    await heardOfAgain(before.id);

    await host.run("systemctl", "kill", "--signal=KILL", COLLECTOR, AGENT);
    await heardOfAgain(before.id);

    await host.reboot();
    await heardOfAgain(before.id);
  });

  test("an upgrade keeps the host's identity, the data and every edit, and the version before it", async () => {
    const before = await onlyHost();
    await host.run("sh", "-c", "echo '# our own words' >>/etc/shipkeeper/agent.yaml");
    await host.run(
      "sh",
      "-c",
      "mkdir /opt/shipkeeper/0.9.0 && echo 'version 0.9.0' >/opt/shipkeeper/0.9.0/RELEASE",
    );

    await host.run(installNext, "collector");
    await host.run(installNext, "agent", "--label", "site=graz");

    expect(await host.run("ls", "/opt/shipkeeper")).toBe("1.0.0\n1.0.1\ncurrent\nprevious");
    expect(await host.run("readlink", "/opt/shipkeeper/current")).toBe("1.0.1");
    expect(await host.run("readlink", `/proc/${await mainPid(AGENT)}/exe`)).toBe(
      "/opt/shipkeeper/1.0.1/lib/node",
    );
    expect(await host.run("readlink", `/proc/${await mainPid(COLLECTOR)}/exe`)).toBe(
      "/opt/shipkeeper/1.0.1/lib/node",
    );
    const settings = await host.run("cat", "/etc/shipkeeper/agent.yaml");
    expect(settings).toContain('"environment": "test"');
    expect(settings).toContain('"site": "graz"');
    expect(settings).toContain("# our own words");
    await heardOfAgain(before.id);
  });

  test("uninstalling leaves settings and data, and the next installation goes on with them", async () => {
    const before = await onlyHost();

    await host.run(installNext, "uninstall");

    expect((await host.try("systemctl", "cat", COLLECTOR, AGENT)).exitCode).not.toBe(0);
    expect((await host.try("ls", "/opt/shipkeeper", "/usr/local/bin/shipkeeper")).exitCode).not.toBe(0);
    expect(await host.run("ls", "/etc/shipkeeper")).toContain("agent.yaml");

    await host.run(installNext, "collector");
    await host.run(installNext, "agent");
    await heardOfAgain(before.id);
  });

  test("uninstalling with --purge leaves nothing, and may be repeated", async () => {
    await host.run("/opt/shipkeeper/current/install.sh", "uninstall", "--purge");
    await host.run(installNext, "uninstall", "--purge");

    const folders = ["/etc", "/opt", "/usr/local", "/var/lib", "/var/cache"];
    const exceptTheLab = ["-name", "shipkeeper-lab", "-prune", "-o"]; // its engine's data root is mounted there
    const left = await host.run("find", ...folders, ...exceptTheLab, "-name", "*shipkeeper*", "-print");
    expect(left).toBe("");
    expect(await host.run("ls", "/var/backups/shipkeeper/local")).toContain("snapshots");
    expect((await host.try("getent", "passwd", "shipkeeper-collector")).exitCode).toBe(2);
    expect((await host.try("systemctl", "list-units", "--all", "shipkeeper*")).out).toContain(
      "0 loaded units",
    );
  });
});

const DROP_INS = `/etc/systemd/system/${AGENT}.d`;

const NOTES = ["--dataset", "volume:notes-data", "--host", "web-1", "--key", "/srv/policy.key"];

const POLICY = `
policy: service-test
hosts: { environment: test }
mode: enforce
rules:
  - { backup: data, every: 1h, select: { volumes: ["*-data"] }, to: [local] }
`;

const REPOSITORIES = `
repositories:
  local: { url: /var/backups/shipkeeper/local, passwordFile: /etc/shipkeeper/local.password }
`;

interface ListedHost {
  readonly id: string;
  readonly hostname: string;
  readonly lastSeenAt?: number;
  readonly engineVersion?: string;
}

/** The operator's command as it is installed on the host, with the administrator's token. */
function shipkeeper(...args: readonly string[]): Promise<string> {
  const script = `export SHIPKEEPER_TOKEN=$(cat /var/lib/shipkeeper-collector/admin.token); exec shipkeeper "$@"`;
  return host.run("env", `SHIPKEEPER_URL=${URL}`, "sh", "-c", script, "sh", ...args);
}

function volumeFolder(name: string): string {
  return join(fleet.host("web-1").dataRoot, "volumes", name, "_data");
}

/** Name, type, mode, owner, time and, in lines of their own, the content of each file of a volume. */
function filesOf(volume: string): Promise<string> {
  const script = `cd "$1"; find . -printf "%P %y %m %U %T@\\n" | sort; cat private set-id`;
  return host.run("sh", "-c", script, "sh", volumeFolder(volume));
}

/** Undefined while it is empty. */
function list(json: string): unknown[] | undefined {
  const items = JSON.parse(json) as unknown[];
  return items.length === 0 ? undefined : items;
}

function append(file: string, text: string): Promise<string> {
  return host.run("sh", "-c", 'printf "%s" "$1" >>"$2"', "sh", text, file);
}

async function hosts(): Promise<readonly ListedHost[]> {
  return JSON.parse(await shipkeeper("hosts", "--json")) as ListedHost[];
}

async function onlyHost(): Promise<ListedHost> {
  const [listed, ...more] = await hosts();
  if (listed === undefined || more.length > 0)
    throw new Error(`${more.length + 1} hosts where one should be`);
  return listed;
}

/** The same host, no second one, tells of itself after now. */
async function heardOfAgain(id: string): Promise<void> {
  const now = Date.now();
  await waitUntil(
    async () => {
      const listed = await onlyHost();
      return listed.id === id && (listed.lastSeenAt ?? 0) > now;
    },
    { what: "the host to be heard of again", deadlineMs: 60_000, everyMs: 500 },
  );
}

function mainPid(unit: string): Promise<string> {
  return host.run("systemctl", "show", "--property=MainPID", "--value", unit);
}

async function refusal(...command: readonly string[]): Promise<string> {
  const { exitCode, out, error } = await host.try(...command);
  expect(out).toBe("");
  return `${exitCode}: ${error}`;
}
