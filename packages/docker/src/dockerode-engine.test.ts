import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DeadlinePassed } from "@shipkeeper/kit";
import { afterEach, expect, test, vi } from "vitest";
import { connectEngine, openEngine } from "./dockerode-engine.ts";
import { engineAddressFrom, formatEngineAddress, parseEngineAddress } from "./engine-address.ts";
import { DockerUnavailable, EngineAnswerInvalid, EngineRefused, EngineUnsupported } from "./engine-errors.ts";
import { openWire } from "./engine-wire.ts";
import { agreedVersion, speaks } from "./negotiate.ts";

/** What an engine under test answers to the paths that matter; everything else is 404. */
type Answers = Readonly<Record<string, RequestListener>>;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0)) await close();
});

/** Serves on a socket of its own; every path that was asked for is in `asked`. */
async function serve(answers: Answers, socketPath = join(mkdtempSync(join(tmpdir(), "engine-")), "sock")) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/\?.*/, "");
    asked.push(`${request.method} ${path}`);
    const answer = answers[path];
    if (answer !== undefined) answer(request, response);
    else response.writeHead(404, { "content-type": "application/json" }).end('{"message":"page not found"}');
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  open.push(close, async () => rmSync(dirname(socketPath), { recursive: true, force: true }));
  return { asked, socketPath, close };
}

const json =
  (body: unknown, status = 200): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const version = (ApiVersion: string, MinAPIVersion = "1.12") =>
  json({ Version: "20.10.24", ApiVersion, MinAPIVersion });

test("addresses are read in the forms of DOCKER_HOST", () => {
  expect(parseEngineAddress("/run/d.sock")).toEqual({ socketPath: "/run/d.sock" });
  expect(parseEngineAddress("unix:///run/d.sock")).toEqual({ socketPath: "/run/d.sock" });
  expect(parseEngineAddress("tcp://10.0.0.1:2375")).toEqual({ host: "10.0.0.1", port: 2375 });
  expect(formatEngineAddress(engineAddressFrom({}))).toBe("unix:///var/run/docker.sock");
  expect(formatEngineAddress(engineAddressFrom({ DOCKER_HOST: "tcp://h:1" }))).toBe("tcp://h:1");
  for (const wrong of ["", "docker.sock", "tcp://h", "tcp://h:0", "https://h:1", `/${"x".repeat(200)}`]) {
    expect(() => parseEngineAddress(wrong)).toThrow("no engine address");
  }
});

test("the version that is spoken is the newest that both know, and none below 1.41", () => {
  expect(agreedVersion({ oldest: "1.12", newest: "1.41" })).toBe("1.41");
  expect(agreedVersion({ oldest: "1.44", newest: "1.52" })).toBe("1.52");
  expect(agreedVersion({ oldest: "1.40", newest: "1.99" })).toBe("1.55");
  expect(agreedVersion({ oldest: "1.12", newest: "1.40" })).toBeUndefined();
  expect(agreedVersion({ oldest: "1.60", newest: "1.70" })).toBeUndefined();
  expect(speaks("1.52", "1.52")).toBe(true);
  expect(speaks("1.41", "1.52")).toBe(false);
});

test("an engine that is too old is refused in words", async () => {
  const { socketPath } = await serve({ "/version": version("1.39") });

  const connecting = connectEngine({ socketPath });

  await expect(connecting).rejects.toThrow(EngineUnsupported);
  await expect(connecting).rejects.toThrow(
    "Docker 20.10.24 speaks API 1.12 to 1.39, Shipkeeper 1.41 to 1.55",
  );
});

test("every path but the first carries the agreed version, and DOCKER_HOST diverts nobody", async () => {
  vi.stubEnv("DOCKER_HOST", "tcp://127.0.0.1:1");
  const { socketPath, asked } = await serve({
    "/version": version("1.43"),
    "/v1.43/containers/json": json([]),
  });

  const ids = await openEngine({ socketPath }).containerIds();

  expect(ids).toEqual([]);
  expect(asked).toEqual(["GET /version", "GET /v1.43/containers/json"]);
});

test("after the engine was away its version is asked for again", async () => {
  const first = await serve({ "/version": version("1.41"), "/v1.41/containers/json": json([]) });
  const engine = await connectEngine({ socketPath: first.socketPath });
  await first.close();

  await expect(engine.containerIds()).rejects.toThrow(DockerUnavailable);
  const second = await serve(
    { "/version": version("1.52", "1.44"), "/v1.52/containers/json": json([]) },
    first.socketPath,
  );

  expect(await engine.containerIds()).toEqual([]);
  expect(second.asked).toEqual(["GET /version", "GET /v1.52/containers/json"]);
});

test("a list that breaks off is no list", async () => {
  const { socketPath } = await serve({
    "/version": version("1.41"),
    "/v1.41/containers/json": (_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('[{"Id":"', () => response.destroy());
    },
  });

  await expect(openEngine({ socketPath }).containerIds()).rejects.toThrow(DockerUnavailable);
});

test("an answer that is no JSON, or no list, is not used", async () => {
  const { socketPath } = await serve({
    "/version": version("1.41"),
    "/v1.41/containers/json": (_, response) => void response.end("<html>proxy</html>"),
    "/v1.41/images/json": json([{ Id: "short" }]),
    "/v1.41/volumes": json({ Volumes: [], Warnings: ["plugin nfs does not answer"] }),
  });
  const engine = openEngine({ socketPath });

  await expect(engine.containerIds()).rejects.toThrow("it is no JSON");
  await expect(engine.imageIds()).rejects.toThrow("0.Id: expected sha256: and 64 hex digits");
  await expect(engine.volumes()).rejects.toThrow(EngineAnswerInvalid);
});

test("a refusal keeps the engine's reason, and is worth another try where the engine stumbled", async () => {
  const { socketPath } = await serve({
    "/version": version("1.41"),
    "/v1.41/system/df": json({ message: "a disk usage operation is already running" }, 500),
    "/v1.41/networks": json({ message: "bad filter" }, 400),
  });
  const engine = openEngine({ socketPath });

  const busy = await engine.sizes().catch((error: unknown) => error);
  const wrong = await engine.networks().catch((error: unknown) => error);

  expect(busy).toBeInstanceOf(EngineRefused);
  expect(busy).toMatchObject({ status: 500, retryable: true });
  expect(String(busy)).toContain(
    "refused to measure its disk usage (HTTP 500): a disk usage operation is already",
  );
  expect(wrong).toMatchObject({ status: 400, retryable: false });
});

test("a call to an engine that accepts and never answers ends at its deadline", async () => {
  const { socketPath } = await serve({ "/slow": () => {} });

  const call = openWire({ socketPath }, undefined).call({ attempt: "wait", path: "/slow", deadlineMs: 50 });

  await expect(call).rejects.toThrow(DeadlinePassed);
});

test("an event stream that the engine ends is a lost engine", async () => {
  const { socketPath } = await serve({
    "/version": version("1.41"),
    "/v1.41/events": (_, response) => void response.end(""),
  });
  const events = openEngine({ socketPath }).events({ signal: new AbortController().signal });

  await expect(events[Symbol.asyncIterator]().next()).rejects.toThrow(DockerUnavailable);
});

test("removing never forces, never takes volumes or parents along", async () => {
  const urls: string[] = [];
  const record: RequestListener = (request, response) => {
    urls.push(`${request.method} ${request.url}`);
    response.writeHead(204).end();
  };
  const id = "a".repeat(64);
  const { socketPath } = await serve({
    "/version": version("1.41"),
    [`/v1.41/containers/${id}`]: record,
    "/v1.41/images/localhost:5000/acme/web:1": record,
  });
  const engine = openEngine({ socketPath });

  await engine.removeContainer(id as never);
  await engine.removeImage("localhost:5000/acme/web:1");

  expect(urls).toEqual([
    `DELETE /v1.41/containers/${id}?force=false&v=false`,
    "DELETE /v1.41/images/localhost:5000/acme/web:1?force=false&noprune=true",
  ]);
});

test("what is no image reference does not become part of a path", async () => {
  const { socketPath, asked } = await serve({ "/version": version("1.41") });

  await expect(openEngine({ socketPath }).removeImage("../volumes/pgdata")).rejects.toThrow(
    "no image reference",
  );
  await expect(openEngine({ socketPath }).removeImage("web:1?force=true")).rejects.toThrow(
    "no image reference",
  );
  expect(asked).toEqual([]);
});
