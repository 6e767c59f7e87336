/** The collector as a program of its own, killed without a word. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "@shipkeeper/lab";
import { hostIdSchema } from "@shipkeeper/model";
import { enrolmentText, receiptSchema } from "@shipkeeper/protocol";
import { createSigningKey, httpRequest, packFrame, signRequest } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "../collector/src/main.ts");
const EPOCH = "00000000-0000-4000-8000-0000000000ee";
const STARTING_MS = 30_000;

let folder: string;
let url: string;
let programs: ChildProcess[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "collector-durability-"));
  url = `http://127.0.0.1:${await freePort()}`;
  programs = [];
});
afterEach(() => {
  for (const program of programs) program.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function start(): Promise<ChildProcess> {
  const env = { ...process.env, SHIPKEEPER_DATA_DIR: folder, SHIPKEEPER_LISTEN: url.slice("http://".length) };
  const program = spawn(process.execPath, [MAIN], { env, stdio: "ignore" });
  programs.push(program);
  await waitUntil(async () => (await ask("GET", "/health/ready")).status === 200, {
    what: "the collector to be ready",
    deadlineMs: STARTING_MS,
  });
  return program;
}

async function kill(program: ChildProcess): Promise<void> {
  const gone = once(program, "exit");
  program.kill("SIGKILL");
  await gone;
}

async function ask(method: "GET" | "POST", path: string, body?: object) {
  const token = path.startsWith("/api/") ? readFileSync(join(folder, "admin.token"), "utf8").trim() : "";
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const answer = await httpRequest({
    url: new URL(path, url),
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    deadlineMs: 10_000,
  });
  return { status: answer.status, json: () => JSON.parse(answer.body.toString()) as unknown };
}

async function enrolHost() {
  const key = createSigningKey();
  const token = (await ask("POST", "/api/v1/enrollment-tokens", {})).json() as { id: string; secret: string };
  const unsigned = {
    tokenId: token.id,
    publicKey: key.publicKey,
    hostname: "web-1",
    labels: {},
    agentVersion: "0.1.0",
    createdAt: Date.now(),
  };
  const request = { ...unsigned, secret: token.secret, signature: key.sign(enrolmentText(unsigned)) };
  const reply = (await ask("POST", "/agent/v1/enroll", request)).json() as { hostId: string };
  return { hostId: hostIdSchema.parse(reply.hostId), key };
}

async function sendEvents(host: Awaited<ReturnType<typeof enrolHost>>, after: number, count: number) {
  const event = { kind: "event", at: Date.now(), what: "died", facts: {} };
  const entries = Array.from({ length: count }, (_, index) => ({ seq: after + index + 1, body: event }));
  const status = {
    version: "0.1.0",
    startedAt: 0,
    policyRevision: 0,
    guardrails: { state: "absent" },
    outbox: { entries: 0, bytes: 0 },
    sampling: "off",
    capabilities: [],
  };
  const { body, encoding } = packFrame({
    head: { protocol: 1, epoch: EPOCH, after, status, entries },
    blobs: [],
  });
  const target = "/agent/v1/batches";
  const answer = await httpRequest({
    url: new URL(target, url),
    method: "POST",
    headers: {
      "content-type": "application/vnd.shipkeeper.batch",
      "content-encoding": encoding,
      ...signRequest({ method: "POST", target, body }, host, Date.now()),
    },
    body,
    deadlineMs: 10_000,
  });
  return receiptSchema.parse(JSON.parse(answer.body.toString()));
}

test("what was acknowledged is there after the collector was killed (S1)", { timeout: 120_000 }, async () => {
  let collector = await start();
  const host = await enrolHost();
  let acked = 0;

  for (let round = 0; round < 2; round += 1) {
    // The kill comes while batches are under way: some get their receipt, the last one does not.
    const killed = new Promise<void>((resolve) => {
      setTimeout(() => void kill(collector).then(resolve), 300);
    });
    for (;;) {
      const receipt = await sendEvents(host, acked, 20).catch(() => undefined);
      if (receipt === undefined) break;
      acked = receipt.ackedThrough;
    }
    await killed;
    collector = await start();

    const again = await sendEvents(host, acked, 0);
    expect(again.ackedThrough).toBeGreaterThanOrEqual(acked);
    acked = again.ackedThrough;
  }

  let stored = 0;
  let cursor = "";
  do {
    const page = (await ask("GET", `/api/v1/events?limit=500${cursor}`)).json() as {
      items: unknown[];
      nextCursor?: string;
    };
    stored += page.items.length;
    cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  expect(acked).toBeGreaterThan(0);
  expect(stored).toBe(acked);
});

test("a second collector does not touch a folder that is in use", { timeout: 60_000 }, async () => {
  await start();

  const env = { ...process.env, SHIPKEEPER_DATA_DIR: folder, SHIPKEEPER_LISTEN: "127.0.0.1:0" };
  const second = spawn(process.execPath, [MAIN], { env, stdio: "ignore" });
  programs.push(second);

  expect(await once(second, "exit")).toEqual([1, null]);
});

test("a configuration that cannot be used ends the program with 78", { timeout: 30_000 }, async () => {
  const wrong = spawn(process.execPath, [MAIN, "--config", "/nowhere"], { stdio: "ignore" });
  programs.push(wrong);

  expect(await once(wrong, "exit")).toEqual([78, null]);
});
