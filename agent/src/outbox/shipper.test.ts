import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostIdSchema } from "@shipkeeper/model";
import type { AgentStatus, Receipt } from "@shipkeeper/protocol";
import { createSigningKey, signedClient, silentLog } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openOutbox, type Outbox } from "./outbox.ts";
import { startShipper, type Pace } from "./shipper.ts";
import { eventOf, samplesOf } from "./testing/entries.ts";
import { startScriptedCollector, type Scene } from "./testing/scripted-collector.ts";

const SIGNER = {
  hostId: hostIdSchema.parse("00000000-0000-4000-8000-000000000001"),
  key: createSigningKey(),
};
const STATUS: AgentStatus = {
  version: "0.1.0",
  startedAt: 0,
  policyRevision: 7,
  guardrails: { state: "absent" },
  outbox: { entries: 0, bytes: 0 },
  sampling: "off",
  capabilities: [],
};
/** Fast enough for a test; the proportions are the real ones. */
const PACE: Pace = {
  heartbeatMs: 200,
  coalesceMs: 10,
  backoff: { firstMs: 10, mostMs: 40 },
  notBelievedMs: 50,
};

vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let outbox: Outbox;
let cleanUp: (() => Promise<void>)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shipper-"));
  outbox = openOutbox(join(folder, "outbox.db"), { clock: Date.now, mostBytes: 10e6 });
  cleanUp = [];
});
afterEach(async () => {
  for (const step of cleanUp.toReversed()) await step();
  outbox.close();
  rmSync(folder, { recursive: true });
});

/** Ships to a collector that plays the scenes, one per batch. */
async function ship(scenes: Scene[], pace: Partial<Pace> = {}) {
  const collector = await startScriptedCollector(...scenes);
  cleanUp.push(() => collector.stop());
  const client = signedClient({ collector: collector.url, signer: SIGNER, clock: Date.now });
  const receipts: Receipt[] = [];
  const shipper = startShipper({
    outbox,
    client: () => client,
    status: () => STATUS,
    received: (receipt) => receipts.push(receipt),
    clock: Date.now,
    log: silentLog,
    pace: { ...PACE, ...pace },
    random: () => 1,
  });
  cleanUp.push(() => shipper.stop());
  return { ...collector, receipts };
}

const store: Scene = ({ store }) => store();
const answering =
  (status: number, headers: Record<string, string> = {}, body = "{}"): Scene =>
  ({ answer }) =>
    answer.writeHead(status, headers).end(body);

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 20_000, interval: 5 });
const drained = () => until(() => outbox.usage().entries === 0);
const batches = (arrived: readonly { entries: readonly { seq: number }[] }[]) =>
  arrived.map(({ entries }) => entries.map(({ seq }) => seq).join(" "));

test("what waits goes out at once, and what comes later soon after", async () => {
  outbox.append(eventOf("before"));
  const { model } = await ship([]);
  await drained();
  outbox.append(eventOf("after"));
  outbox.append(samplesOf(1), Buffer.from("columns"));
  await drained();

  expect(model.events()).toEqual(["before", "after"]);
  expect(model.stored.get(3)).toMatchObject({ kind: "samples", blob: 0 });
});

test("what happens together travels together", async () => {
  // Longer than a busy machine takes for twenty of them.
  const { arrived } = await ship([], { heartbeatMs: 60_000, coalesceMs: 300 });
  await until(() => arrived.length === 1);
  for (let count = 0; count < 20; count += 1) outbox.append(eventOf(`event ${count}`));
  await drained();

  expect(arrived).toHaveLength(2);
});

test("with nothing to tell, the status still goes out", async () => {
  const { arrived } = await ship([], { heartbeatMs: 20 });
  await until(() => arrived.length >= 3);

  expect(batches(arrived.slice(0, 3))).toEqual(["", "", ""]);
  expect(arrived[0]?.policyRevision).toBe(7);
});

test("a lost reply: the batch is sent again, and stored once", async () => {
  outbox.append(eventOf("a"));
  const { arrived, model } = await ship([({ storeAndCut }) => storeAndCut(), store]);
  await drained();

  expect(batches(arrived).slice(0, 2)).toEqual(["1", "1"]);
  expect(model.events()).toEqual(["a"]);
  expect(outbox.accounts()).toMatchObject({ enqueued: 1, stored: 1, losses: [] });
});

test("after a lost reply a receipt may speak of more than the next batch holds", async () => {
  for (let count = 0; count < 4; count += 1) outbox.append(eventOf(`event ${count}`));
  outbox.nextBatch();
  const ahead: Scene = ({ answer, batch: { epoch } }) =>
    answer.end(JSON.stringify({ epoch, ackedThrough: 4, rejected: [], serverTime: 0, policyRevision: 0 }));
  await ship([answering(413), ahead, store]);
  await drained();

  expect(outbox.accounts()).toMatchObject({ enqueued: 4, stored: 4 });
});

test("an answer that is cut off is no receipt", async () => {
  outbox.append(eventOf("a"));
  const cut: Scene = ({ answer }) => {
    answer.writeHead(200, { "content-length": "500" });
    answer.write('{"epoch":');
    setTimeout(() => answer.destroy(), 5);
  };
  const { model } = await ship([cut, store]);
  await drained();

  expect(model.events()).toEqual(["a"]);
});

test("a captive portal's 200 is no receipt", async () => {
  outbox.append(eventOf("a"));
  const portal = answering(200, { "content-type": "text/html" }, "<html>Please sign in</html>");
  const { arrived, model } = await ship([portal, portal, store]);
  await drained();

  expect(arrived.length).toBeGreaterThanOrEqual(3);
  expect(model.events()).toEqual(["a"]);
});

test.each([[500], [502], [503], [429], [404]])("a %i is tried again until it works", async (status) => {
  outbox.append(eventOf("a"));
  const { model } = await ship([answering(status), answering(status), store]);
  await drained();

  expect(model.events()).toEqual(["a"]);
});

test("Retry-After is honoured", async () => {
  outbox.append(eventOf("a"));
  const { arrived } = await ship([answering(503, { "retry-after": "1" }), store]);
  await drained();

  expect(arrived[1]!.at - arrived[0]!.at).toBeGreaterThanOrEqual(990);
});

test("a 401 keeps everything, and is tried slowly", async () => {
  outbox.append(eventOf("a"));
  const { arrived } = await ship([answering(401), store]);
  await drained();

  expect(arrived[1]!.at - arrived[0]!.at).toBeGreaterThanOrEqual(45);
  expect(outbox.accounts()).toMatchObject({ stored: 1, losses: [] });
});

test("a batch that is too large is sent in parts", async () => {
  for (let count = 0; count < 10; count += 1) outbox.append(eventOf(`event ${count}`));
  const most3: Scene = ({ batch, answer, store }) =>
    batch.entries.length > 3 ? answer.writeHead(413).end() : store();
  const { model } = await ship([most3]);
  await drained();

  expect(model.events()).toHaveLength(10);
});

test("one entry that spoils a whole batch becomes a dead letter, all others arrive", async () => {
  for (let count = 1; count <= 40; count += 1) outbox.append(eventOf(`event ${count}`));
  const spoiltBy23: Scene = ({ batch, answer, store }) =>
    batch.entries.some(({ seq }) => seq === 23) ? answer.writeHead(400).end() : store();
  const { model, arrived } = await ship([spoiltBy23]);
  await drained();

  expect(model.events()).toHaveLength(39);
  expect(outbox.deadLetters()).toMatchObject([{ seq: 23, code: "refused" }]);
  expect(model.declared()).toEqual({ "dead-letter": 1 });
  expect(arrived.length).toBeLessThan(25);
});

test("a proxy that refuses everything costs not a single entry", async () => {
  for (let count = 0; count < 5; count += 1) outbox.append(eventOf(`event ${count}`));
  const { arrived } = await ship([answering(400)]);
  await until(() => arrived.length >= 12);

  expect(outbox.usage().entries).toBe(5);
  expect(outbox.deadLetters()).toEqual([]);
});

test.each([
  ["another epoch", { epoch: "00000000-0000-4000-8000-00000000dead" }],
  ["entries that were never sent", { ackedThrough: 1_000 }],
])("a receipt for %s is not taken", async (_name, wrong) => {
  outbox.append(eventOf("a"));
  const lying: Scene = ({ answer, batch: { epoch } }) =>
    answer.end(
      JSON.stringify({ epoch, ackedThrough: 1, rejected: [], serverTime: 0, policyRevision: 0, ...wrong }),
    );
  const { model, arrived } = await ship([lying, store]);
  await drained();

  expect(arrived.length).toBeGreaterThanOrEqual(2);
  expect(model.events()).toEqual(["a"]);
});

test("a receipt that settles nothing does not become a storm", async () => {
  outbox.append(eventOf("a"));
  const idle: Scene = ({ answer, batch: { epoch } }) =>
    answer.end(JSON.stringify({ epoch, ackedThrough: 0, rejected: [], serverTime: 0, policyRevision: 0 }));
  const { arrived } = await ship([idle], { backoff: { firstMs: 100, mostMs: 100 } });
  const begun = performance.now();
  await until(() => arrived.length >= 4);

  expect(performance.now() - begun).toBeGreaterThanOrEqual(250);
});

test("before the host is enrolled everything waits, and goes out when it is", async () => {
  outbox.append(eventOf("a"));
  const collector = await startScriptedCollector();
  cleanUp.push(() => collector.stop());
  let enrolled = false;
  const client = signedClient({ collector: collector.url, signer: SIGNER, clock: Date.now });
  const shipper = startShipper({
    outbox,
    client: () => (enrolled ? client : undefined),
    status: () => STATUS,
    received: () => {},
    clock: Date.now,
    log: silentLog,
    pace: { ...PACE, heartbeatMs: 60_000 },
  });
  cleanUp.push(() => shipper.stop());
  await new Promise((resolve) => setImmediate(resolve));
  expect(collector.arrived).toEqual([]);

  enrolled = true;
  shipper.nudge();
  await drained();

  expect(collector.model.events()).toEqual(["a"]);
});
