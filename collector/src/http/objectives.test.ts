import { DAY_MS, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import type { Policy, Proof } from "@shipkeeper/policy";
import {
  SILENT_AFTER_MS,
  type ApiAlert,
  type ApiCoverage,
  type ApiObjective,
  type Page,
} from "@shipkeeper/protocol";
import { createSigningKey, sealBundle } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createJudging, type Judging } from "../compliance/judging.ts";
import { NOW, bundle, inventoryEntry } from "../testing/facts.ts";
import { standingEntry } from "../testing/standing.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
let judging: Judging;
let agent: TestAgent;

beforeEach(async () => {
  collector = await startTestCollector();
  judging = createJudging(collector.store);
  agent = await collector.enrolHost("db-1");
  await push(RULES);
  await agent.tell(
    standingEntry({ repositories: ["local", "offsite"] }),
    inventoryEntry({
      volumes: [
        plainVolume("orders-pgdata", { labels: { "com.acme.owner": "payments" } }),
        plainVolume("cache"),
      ],
    }),
    repositories(),
  );
});
afterEach(() => collector.close());

const RULES: Policy["rules"] = [
  {
    kind: "backup",
    name: "databases",
    mode: "enforce",
    schedule: { everyMs: 15 * MINUTE_MS },
    spec: {
      select: { volumes: ["*-pgdata"] },
      to: ["local", "offsite"],
      rpo: "30m",
      drill: { every: "7d", rto: "1h" },
    },
  },
];

async function push(rules: Policy["rules"]): Promise<void> {
  const body = sealBundle(bundle(1, { rules }), createSigningKey());
  const reply = await collector.ask("POST", "/api/v1/policies", { body });
  expect(reply.statusCode, reply.body).toBe(201);
}

function repositories(problem?: { code: "repository_full"; message: string; since: number }) {
  const one = (name: string) => ({
    name,
    backEnd: name === "local" ? "local" : "sftp",
    appendOnly: false,
    offsite: name === "offsite",
    recoveryKey: true,
    ...(problem !== undefined && { problem }),
  });
  return { kind: "repositories", at: collector.clock.now, repositories: [one("local"), one("offsite")] };
}

const DATASET = "volume:orders-pgdata";
const points = (repository: string, ...at: number[]) => ({
  kind: "restore-points",
  repository,
  at: collector.clock.now,
  points: at.map((time) => ({
    id: `${repository}-${time}`,
    repository,
    dataset: DATASET,
    at: time,
    bytes: 2_000_000,
    files: 10,
  })),
});
const proof = (facts: Partial<Proof>) => ({
  kind: "proof",
  proof: { at: collector.clock.now, level: "structure", repository: "local", passed: true, ...facts },
});
const listed = (repository: string, at: number) =>
  proof({ level: "listed", repository, dataset: DATASET, restorePoint: `${repository}-${at}` });

/** A good restore point of now, in both repositories. */
async function backUp(): Promise<void> {
  const at = collector.clock.now;
  for (const repository of ["local", "offsite"]) {
    await agent.tell(points(repository, at), proof({ repository }), listed(repository, at));
  }
}

function judgeAll(): void {
  while (judging.judgeNext(collector.clock.now) !== undefined);
}

const list = async (query = "") =>
  (await collector.ask("GET", `/api/v1/objectives?${query}`, { role: "reader" })).json<Page<ApiObjective>>()
    .items;
async function alerts(): Promise<string[]> {
  collector.lookForAlerts();
  const reply = await collector.ask("GET", "/api/v1/alerts?open=true", { role: "reader" });
  return reply
    .json<Page<ApiAlert>>()
    .items.map(({ severity, kind, subject }) => `${severity} ${kind} ${subject}`)
    .sort();
}

test("what a rule selects has an objective: unknown until a good restore point is there, then as the drill measured", async () => {
  judgeAll();
  expect(await list()).toMatchObject([
    { host: "db-1", dataset: DATASET, rule: "production/databases", owner: "payments", state: "unknown" },
  ]);

  await backUp();
  const facts = { rtoMs: 4 * MINUTE_MS, bytes: 2_000_000, restoreMs: MINUTE_MS };
  await agent.tell(proof({ level: "drill", repository: "offsite", dataset: DATASET, facts }));
  collector.clock.now += MINUTE_MS;
  judgeAll();

  expect(await list()).toEqual([
    {
      host: "db-1",
      hostId: agent.hostId,
      dataset: DATASET,
      rule: "production/databases",
      owner: "payments",
      state: "met",
      rpoMs: 30 * MINUTE_MS,
      rpoActualMs: MINUTE_MS,
      rpoState: "met",
      offsiteRpoActualMs: MINUTE_MS,
      offsiteRpoState: "met",
      rtoMs: HOUR_MS,
      rtoActualMs: 4 * MINUTE_MS,
      rtoMeasured: true,
      rtoMeasuredAt: NOW,
      rtoState: "met",
      worstGapMs: MINUTE_MS,
      worstGapOverMs: 30 * DAY_MS,
      newestAt: NOW,
      provenAt: NOW,
      restorePoint: `local-${NOW}`,
      repository: "local",
      rung: "drill",
      rungAt: NOW,
      failed: [],
      repositories: ["local", "offsite"],
      bytes: 2_000_000,
      since: NOW,
    },
  ]);
});

test("every volume is covered by a rule, or says why not", async () => {
  judgeAll();

  const reply = await collector.ask("GET", "/api/v1/coverage", { role: "reader" });
  expect(reply.json<Page<ApiCoverage>>().items).toMatchObject([
    { host: "db-1", dataset: "volume:cache", state: "uncovered", rules: [], says: "no rule backs it up" },
    {
      dataset: DATASET,
      state: "covered",
      owner: "payments",
      rules: ["production/databases"],
      repositories: ["local", "offsite"],
    },
  ]);
  expect(
    (await collector.ask("GET", "/api/v1/coverage?state=covered&format=csv")).body.split("\r\n"),
  ).toHaveLength(3);
});

test("a proof alone is a reason to judge anew", async () => {
  await agent.tell(points("local", NOW), proof({}));
  judgeAll();
  expect((await list())[0]?.rpoActualMs).toBeUndefined();

  collector.clock.now += 1;
  await agent.tell(listed("local", NOW));
  judgeAll();
  expect((await list())[0]?.rpoActualMs).toBe(1);
});

test("the state is that of the moment, by the collector's clock, also of a host that fell silent", async () => {
  await backUp();
  judgeAll();
  const states: string[] = [];
  for (const minutes of [0, 24, 6, 1]) {
    collector.clock.now += minutes * MINUTE_MS;
    states.push((await list())[0]?.rpoState ?? "");
  }

  expect(states).toEqual(["met", "at-risk", "at-risk", "broken"]);
  expect(31 * MINUTE_MS).toBeGreaterThan(SILENT_AFTER_MS);
  expect(await list("state=broken")).toHaveLength(1);
  expect(await list("state=met")).toEqual([]);
  expect(await alerts()).toEqual(["high host-silent db-1", "high rpo-broken orders-pgdata"]);
});

test("an alert comes before the span is over, and ends with the next good restore point", async () => {
  await backUp();
  judgeAll();
  expect(await alerts()).toEqual([]);

  collector.clock.now += 24 * MINUTE_MS;
  await agent.tell(repositories());
  expect(await alerts()).toEqual(["high rpo-at-risk orders-pgdata"]);

  await backUp();
  judgeAll();
  expect(await alerts()).toEqual([]);
});

test("repositories that do not work are one alert each, which ends when they work again", async () => {
  await backUp();
  judgeAll();
  collector.clock.now += 31 * MINUTE_MS;
  const problem = { code: "repository_full", message: "no space left", since: collector.clock.now } as const;
  await agent.tell(repositories(problem));

  expect(await alerts()).toEqual(["high repository local", "high repository offsite"]);

  await agent.tell({ ...repositories(), at: collector.clock.now + 1 });
  await backUp();
  judgeAll();
  expect(await alerts()).toEqual([]);
});

test("a flipped bit that a look finds is one critical alert, and nothing in that repository counts any more", async () => {
  await backUp();
  collector.clock.now += MINUTE_MS;
  await agent.tell(proof({ level: "bytes", passed: false, message: "pack 12 does not match its name" }));
  judgeAll();

  expect(await alerts()).toEqual(["critical repository local"]);
  expect((await list())[0]).toMatchObject({ repository: "offsite", failed: ["bytes in local"] });

  collector.clock.now += MINUTE_MS;
  await agent.tell(proof({ level: "bytes" }));
  judgeAll();
  expect(await alerts()).toEqual([]);
});

test("what no rule asks for any more has no objective, and no alert", async () => {
  judgeAll();
  await agent.tell(inventoryEntry({ takenAt: NOW + 1, volumes: [] }));
  judgeAll();

  expect(await list()).toEqual([]);
});
