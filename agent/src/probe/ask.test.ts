import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type AddressInfo, type Server } from "node:net";
import { EngineRefused, FakeEngine } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import type { Probe, ProbeWay } from "@shipkeeper/policy";
import { expect, onTestFinished, test } from "vitest";
import { NOW } from "../act/testing/act-world.ts";
import { SELF_SIGNED } from "./testing/self-signed.ts";
import { createAsk } from "./ask.ts";

const OK = { from: 200, to: 399 };

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

const serving = (answer: RequestListener) => listening(createHttpServer(answer));

interface World {
  readonly engine?: FakeEngine;
  readonly timeoutMs?: number;
  /** Before it is asked. */
  readonly prepare?: (container: Container) => unknown;
}

/** Asks a container of a fake engine that uses the host's network. */
async function asked(way: ProbeWay, { engine = new FakeEngine(), timeoutMs = 2_000, prepare }: World = {}) {
  const web = engine.addContainer({ image: "web:1", name: "web", startedAt: NOW - 60_000 });
  prepare?.(web);
  const container: Container = { ...web, privileges: { ...web.privileges, networkMode: "host" } };
  const probe: Probe = { name: "p", way, everyMs: 1_000, timeoutMs, failures: 1, startPeriodMs: 1 };
  const ask = createAsk({ engine, clock: () => NOW });
  return ask(probe, { container, containers: [container], signal: new AbortController().signal });
}

const http = (port: number, more: object = {}): ProbeWay => {
  return { kind: "http", port, path: "/healthz", status: OK, ...more };
};

test("HTTP: a status in the range is an answer, the request is what was asked for", async () => {
  const seen: unknown[] = [];
  const port = await serving(({ method, url, headers }, response) => {
    seen.push([method, url, headers["x-probe"]]);
    response.end("fine");
  });

  expect(await asked(http(port, { headers: { "x-probe": "1" } }))).toEqual({ ok: true, said: "HTTP 200" });
  expect(seen).toEqual([["GET", "/healthz", "1"]]);
});

test("HTTP: another status is none, and a redirect is not followed", async () => {
  const port = await serving((request, response) => {
    response.writeHead(request.url === "/healthz" ? 503 : 302, { location: "http://192.0.2.1/" });
    response.end("upstream  is\n down, password=hunter22");
  });

  expect(await asked(http(port))).toEqual({
    ok: false,
    said: "HTTP 503: upstream is down, password=[masked]",
  });
  expect(await asked(http(port, { path: "/old" }))).toMatchObject({ ok: true, said: "HTTP 302" });
});

test("HTTP: the body must have what is asked for, in its first 64 KiB", async () => {
  const port = await serving((request, response) => {
    response.end(request.url === "/late" ? `${"x".repeat(70_000)}ready` : '{"status": "ready", "db": "up"}');
  });

  expect(await asked(http(port, { body: "ready*up" }))).toMatchObject({ ok: true });
  expect(await asked(http(port, { body: "^\\{.*ready" }))).toMatchObject({ ok: true });
  expect(await asked(http(port, { body: "green" }))).toMatchObject({ ok: false });
  expect(await asked(http(port, { body: "ready", path: "/late" }))).toMatchObject({ ok: false });
});

test("HTTP: no answer in time, a broken one, and no connection at all", async () => {
  const port = await serving(() => undefined);
  const broken = await listening(createServer((socket) => socket.destroy()));

  expect(await asked(http(port), { timeoutMs: 30 })).toEqual({ ok: false, said: "no answer within 30 ms" });
  expect(await asked(http(broken))).toMatchObject({ ok: false });
  expect(await asked({ kind: "tcp", port: 1 })).toEqual({
    ok: false,
    said: "connect ECONNREFUSED 127.0.0.1:1",
  });
});

test("HTTPS: certificates are not judged unless it is asked for", async () => {
  const seen: unknown[] = [];
  const server = createHttpsServer(SELF_SIGNED, ({ headers }, response) => {
    seen.push(headers.host);
    response.end();
  });
  const port = await listening(server);

  expect(await asked(http(port, { tls: true }))).toEqual({ ok: true, said: "HTTP 200" });
  expect(await asked(http(port, { tls: { verify: true } }))).toMatchObject({ ok: false });
  expect(await asked(http(port, { tls: { verify: false, host: "shop.example" } }))).toMatchObject({
    ok: true,
  });
  expect(await asked(http(port))).toMatchObject({ ok: false });
  expect(seen).toEqual([`127.0.0.1:${port}`, "shop.example"]);
});

test("TCP: what accepts a connection answers", async () => {
  const port = await listening(createServer((socket) => socket.end()));

  expect(await asked({ kind: "tcp", port })).toEqual({ ok: true, said: "accepts connections" });
});

test("a container that no way leads to is not asked", async () => {
  const engine = new FakeEngine();
  const container = engine.addContainer({ image: "web:1", networks: [] });
  const probe: Probe = {
    name: "p",
    way: { kind: "tcp", port: 80 },
    everyMs: 1,
    timeoutMs: 50,
    failures: 1,
    startPeriodMs: 1,
  };
  const ask = createAsk({ engine, clock: () => NOW });

  const answer = await ask(probe, { container, containers: [], signal: new AbortController().signal });

  expect(answer).toEqual({ ok: "not-asked", said: "no way leads to its port 80" });
});

const EXEC: ProbeWay = { kind: "exec", argv: ["pg_isready"] };

test.for([
  [
    "ends with 0",
    { exitCode: 0, output: "accepting\n connections" },
    { ok: true, said: "exit code 0: accepting connections" },
  ],
  ["ends with another code", { exitCode: 2, output: "" }, { ok: false, said: "exit code 2: no output" }],
  ["does not end", { output: "waits" }, { ok: false, said: "did not end in time: waits", hangs: true }],
  [
    "prints a secret",
    { exitCode: 1, output: "token=abcdef123" },
    { ok: false, said: "exit code 1: token=[masked]" },
  ],
] as const)("a program that %s", async ([, result, answer]) => {
  const engine = new FakeEngine();
  engine.answers = () => result;

  expect(await asked(EXEC, { engine })).toEqual(answer);
});

test("a program finds no process to join: the engine may be wrong that the container runs", async () => {
  const engine = new FakeEngine();

  const answer = await asked(EXEC, { engine, prepare: ({ id }) => engine.exitContainer(id) });

  expect(answer).toMatchObject({ ok: false });
});

test("an engine that is away says nothing of a container, one that refuses does", async () => {
  const away = new FakeEngine();
  const refusing = new FakeEngine();
  refusing.fail({
    call: "exec",
    with: new EngineRefused("run a program", { status: 500, reason: "no such file" }),
  });

  expect(await asked(EXEC, { engine: away, prepare: () => away.goDown() })).toMatchObject({
    ok: "not-asked",
  });
  expect(await asked(EXEC, { engine: refusing })).toMatchObject({ ok: false });
});

const SILENCE: ProbeWay = { kind: "log-silence", silentForMs: 30_000 };

test.for([
  ["a line lately", NOW - 10_000, { ok: true, said: "silent for 10 seconds" }],
  ["a line long ago", NOW - 40_000, { ok: false, said: "silent for 40 seconds" }],
  ["a line of the life before", NOW - 500_000, { ok: false, said: "silent for 1 minute" }],
] as const)("the log has %s", async ([, at, answer]) => {
  const engine = new FakeEngine();
  const prepare = ({ id }: Container) =>
    engine.logLines.set(id, [{ stream: "stdout", at, text: "x".repeat(16_384) }]);

  expect(await asked(SILENCE, { engine, prepare })).toEqual(answer);
});

test("a log that was seen written to lately is not read for it; one that was seen long ago is", async () => {
  const engine = new FakeEngine();
  engine.addImage({ tags: ["web:1"] });
  const container = engine.addContainer({ image: "web:1", name: "web" });
  engine.logLines.set(container.id, [{ stream: "stdout", at: NOW - 5_000, text: "x" }]);
  const probe = { name: "log", way: SILENCE, everyMs: 1, timeoutMs: 1_000, failures: 1, startPeriodMs: 1 };
  const saidWhenSeen = async (seenAt: number) => {
    const ask = createAsk({ engine, clock: () => NOW, lastLogAt: () => seenAt });
    return (await ask(probe, { container, containers: [], signal: new AbortController().signal })).said;
  };

  expect(await saidWhenSeen(NOW - 20_000)).toBe("silent for 20 seconds");
  expect(await saidWhenSeen(NOW - 60_000)).toBe("silent for 5 seconds");
});
