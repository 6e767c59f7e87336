import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RequestFailed } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { page, runCommand, temporaryFolder, unasked } from "./testing/run-command.ts";

test("without an address or a token the message says where to put them", async () => {
  const nothing = await runCommand("hosts", unasked, { environment: {} });
  const noToken = await runCommand("hosts", unasked, { environment: { SHIPKEEPER_URL: "http://c.example" } });

  expect([nothing.code, nothing.err]).toEqual([
    2,
    expect.stringContaining("set SHIPKEEPER_URL, or url: in /nowhere/"),
  ]);
  expect([noToken.code, noToken.err]).toEqual([2, expect.stringContaining("set SHIPKEEPER_TOKEN")]);
});

test("the context file names the collector, and a variable wins over it", async () => {
  const homeFolder = temporaryFolder();
  mkdirSync(join(homeFolder, ".config/shipkeeper"), { recursive: true });
  writeFileSync(
    join(homeFolder, ".config/shipkeeper/context.yaml"),
    "url: http://file.example\ntoken: skt_file\n",
  );
  const tokens: (string | undefined)[] = [];
  const collector = (_call: string, _body: unknown, headers: Readonly<Record<string, string>>) => {
    tokens.push(headers["authorization"]);
    return page();
  };

  await runCommand("hosts", collector, { homeFolder, environment: {} });
  await runCommand("hosts", collector, { homeFolder, environment: { SHIPKEEPER_TOKEN: "skt_variable" } });

  expect(tokens).toEqual(["Bearer skt_file", "Bearer skt_variable"]);
});

test("a mistake in the context file is told with its place", async () => {
  const file = join(temporaryFolder(), "context.yaml");
  writeFileSync(file, "url: http://c.example\ntokn: x\n");

  const { code, err } = await runCommand("hosts", unasked, { environment: { SHIPKEEPER_CONTEXT: file } });

  expect([code, err]).toEqual([2, `${file}:2:1: unknown key tokn; did you mean token?\n`]);
});

test("a collector that cannot be reached, and one that refuses the token, are told apart", async () => {
  const unreachable = await runCommand("hosts", () => {
    throw new RequestFailed("GET http://collector.example:8080/api/v1/hosts failed", {
      cause: new Error("connect ECONNREFUSED 127.0.0.1:8080"),
    });
  });
  const refused = await runCommand("hosts", () => ({ status: 401, body: { title: "Not authenticated" } }));
  const tooLow = await runCommand("hosts", () => ({
    status: 403,
    body: { detail: "this needs the role admin" },
  }));

  expect(unreachable.err).toMatch(
    /^cannot reach the collector at http:\/\/collector.example:8080 .*ECONNREFUSED/,
  );
  expect(refused.err).toBe(
    "the collector at http://collector.example:8080 refused the token: it is unknown, expired or revoked\n",
  );
  expect(tooLow.err).toBe("this token may not do that: this needs the role admin\n");
  expect([unreachable.code, refused.code, tooLow.code]).toEqual([1, 1, 1]);
});

test("an answer that is no collector's is not believed", async () => {
  const { code, err } = await runCommand("hosts", () => ({ body: "<html>a proxy</html>" }));

  expect([code, err]).toEqual([1, expect.stringContaining("not what a collector of this version says")]);
});

test("completion knows every command and option", async () => {
  const { out } = await runCommand("completion bash", unasked);

  expect(out).toContain('"policy push") words="--key --revision --expires --keys --at-once --allow-empty"');
  expect((await runCommand("completion fish", unasked)).out).toContain("-a restore-points");
  expect((await runCommand("completion tcsh", unasked)).code).toBe(2);
});
