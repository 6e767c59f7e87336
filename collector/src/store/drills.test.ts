import { runIdSchema, type HostId } from "@shipkeeper/model";
import {
  signDrillReceipt,
  type ApiDrill,
  type ApiDrillDetail,
  type DrillReceipt,
} from "@shipkeeper/protocol";
import { createSigningKey } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW, uuid } from "../testing/facts.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
let agent: TestAgent;
beforeEach(async () => {
  collector = await startTestCollector();
  agent = await collector.enrolHost("web-1");
});
afterEach(() => collector.close());

const receipt = (name: string, facts: Partial<DrillReceipt> = {}): DrillReceipt => ({
  format: 1,
  id: uuid(name),
  hostId: agent.hostId,
  runId: runIdSchema.parse(uuid(`run of ${name}`)),
  policy: "shop",
  rule: "databases.drill",
  dataset: "volume:data",
  repository: "local",
  requestedAt: NOW,
  finishedAt: NOW + 5_000,
  phases: [],
  assertions: [],
  rtoMs: 5_000,
  engineVersion: "20.10.24",
  agentVersion: "0.1.0",
  passed: true,
  ...facts,
});
const entry = (of: DrillReceipt, key = agent.key) => ({
  kind: "drill",
  at: NOW,
  receipt: signDrillReceipt(of, key),
});
const listed = async (query = "") =>
  (await collector.ask("GET", `/api/v1/drills${query}`)).json<{ items: ApiDrill[] }>().items;

test("a receipt comes back as its host signed it, once, however often it was sent", async () => {
  const made = entry(receipt("first"));
  await agent.tell(made, made);

  const [one, ...others] = await listed();
  const reply = await collector.ask("GET", `/api/v1/drills/${one?.id}`);
  const { receipt: signed } = reply.json<ApiDrillDetail>();

  expect(others).toEqual([]);
  expect(one).toMatchObject({ host: "web-1", dataset: "volume:data", passed: true });
  expect(signed).toEqual(made.receipt);
  expect((await collector.ask("GET", `/api/v1/drills/${uuid("none")}`)).statusCode).toBe(404);
});

test("a receipt that another key signed, or of another host, or changed since, is refused", async () => {
  const changed = entry(receipt("changed", { passed: false }));
  changed.receipt = { ...changed.receipt, payload: changed.receipt.payload.replace("false", "true") };

  const { rejected } = await agent.tell(
    entry(receipt("forged"), createSigningKey()),
    entry(receipt("stolen", { hostId: uuid("db-1") as HostId })),
    changed,
  );

  expect(rejected.map(({ seq, code }) => `${seq} ${code}`)).toEqual(["1 invalid", "2 invalid", "3 invalid"]);
  expect(await listed()).toEqual([]);
});

test("drills are found by dataset, result and repository, and the newest of each dataset by itself", async () => {
  await agent.tell(
    entry(receipt("old", { requestedAt: NOW - 9_000, passed: false })),
    entry(receipt("new")),
    entry(receipt("dump", { dataset: "dump:data", repository: "offsite", requestedAt: NOW - 1 })),
  );

  const ids = async (query: string) => (await listed(query)).map(({ id }) => id);

  expect(await ids("?dataset=data")).toEqual([uuid("new"), uuid("dump"), uuid("old")]);
  expect(await ids("?dataset=volume:data&passed=false")).toEqual([uuid("old")]);
  expect(await ids("?repository=offsite&host=web-1")).toEqual([uuid("dump")]);
  expect((await collector.store.drills.newest()).map(({ id }) => id).sort()).toEqual(
    [uuid("new"), uuid("dump")].sort(),
  );
});
