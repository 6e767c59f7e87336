import { afterReading, NOTHING_READ, sweepFacts, type Proof } from "@shipkeeper/policy";
import type { ApiVerification, Page } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const entry = (proof: Partial<Proof>) => ({
  kind: "proof" as const,
  proof: { at: NOW, level: "structure", repository: "local", passed: true, ...proof } satisfies Proof,
});
const ask = async (query = "") =>
  (await collector.ask("GET", `/api/v1/verifications${query}`, { role: "reader" })).json<
    Page<ApiVerification>
  >().items;
const rungs = async (query: string) =>
  (await ask(query)).map(({ host, level, dataset = "all" }) => `${host} ${level} ${dataset}`);

test("of each rung the later look counts, in whatever order they come, and the last good and bad one are told", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(entry({ at: NOW + 3, passed: false, message: "pack aa: does not exist" }));
  await agent.tell(entry({ at: NOW + 2 }), entry({ at: NOW + 1, passed: false, message: "long mended" }));

  expect(await ask()).toEqual([
    {
      hostId: expect.any(String),
      host: "web-1",
      repository: "local",
      level: "structure",
      at: NOW + 3,
      passed: false,
      passedAt: NOW + 2,
      failedAt: NOW + 3,
      message: "pack aa: does not exist",
    },
  ]);

  await agent.tell(entry({ at: NOW + 4 }));
  expect(await ask()).toMatchObject([{ at: NOW + 4, passed: true, passedAt: NOW + 4, failedAt: NOW + 3 }]);
  expect((await ask())[0]).not.toHaveProperty("message");
});

test("rungs are narrowed by what people ask for", async () => {
  const web = await collector.enrolHost("web-1");
  const db = await collector.enrolHost("db-1");
  const dataset = "volume:shop";
  await web.tell(
    entry({ at: NOW + 9 }),
    entry({ at: NOW + 8, level: "sample", dataset, passed: false, message: "differs" }),
  );
  await db.tell(entry({ at: NOW + 7, level: "listed", dataset, repository: "offsite", restorePoint: "ab" }));

  expect(await rungs("")).toEqual([
    "web-1 structure all",
    "web-1 sample volume:shop",
    "db-1 listed volume:shop",
  ]);
  expect(await rungs("?sort=at&limit=1")).toEqual(["db-1 listed volume:shop"]);
  expect(await rungs("?host=db-1")).toEqual(["db-1 listed volume:shop"]);
  expect(await rungs("?repository=local&level=sample")).toEqual(["web-1 sample volume:shop"]);
  expect(await rungs(`?dataset=${dataset}&sort=at`)).toEqual([
    "db-1 listed volume:shop",
    "web-1 sample volume:shop",
  ]);
  expect(await rungs("?failed=true")).toEqual(["web-1 sample volume:shop"]);
  expect(await rungs("?failed=false&sort=at")).toEqual(["db-1 listed volume:shop", "web-1 structure all"]);
});

test("of bytes it is told how much was read, and since when all of them were", async () => {
  const agent = await collector.enrolHost("web-1");
  const half = afterReading(NOTHING_READ, { from: 0, to: 128 }, NOW - 5);
  const whole = afterReading(half, { from: 128, to: 256 }, NOW);

  await agent.tell(entry({ level: "bytes", at: NOW - 5, facts: sweepFacts(half) }));
  expect(await ask()).toMatchObject([{ shareRead: 0.5 }]);
  expect((await ask())[0]).not.toHaveProperty("everyByteReadSince");
  await agent.tell(entry({ level: "bytes", facts: sweepFacts(whole) }));
  expect(await ask()).toMatchObject([{ shareRead: 1, everyByteReadSince: NOW - 5 }]);
});
