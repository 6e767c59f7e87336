import { DAY_MS, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import type { Objective } from "@shipkeeper/policy";
import { SILENT_AFTER_MS } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import type { FailedProof, RepositoryProblem } from "../store/backup-troubles.ts";
import type { KnownObjective } from "../store/objectives.ts";
import { NOW, uuid } from "../testing/facts.ts";
import { backupConditions, type BackupWord } from "./backup-conditions.ts";

const ON_HOST = { hostId: uuid("db-1") as HostId, host: "db-1", owner: "payments" };

/** One whose newest good restore point is so old, of 30 minutes that may be lost. */
function data(
  name: string,
  ageMs: number | undefined,
  { offsiteAgeMs, ...facts }: Partial<Objective> & { offsiteAgeMs?: number } = {},
): KnownObjective {
  const point = (at: number | undefined, repository: string) =>
    at === undefined
      ? {}
      : { vouched: { restorePoint: "ab", repository, at: NOW - at, until: NOW + DAY_MS } };
  const objective: Objective = {
    dataset: `volume:${name}`,
    rule: "production/databases",
    repositories: ["local", "offsite"],
    rpoMs: 30 * MINUTE_MS,
    structureMs: DAY_MS,
    keptMs: 30 * DAY_MS,
    failed: [],
    ...point(ageMs, "local"),
    ...(offsiteAgeMs !== undefined && {
      offsite: { repositories: ["offsite"], ...point(offsiteAgeMs, "offsite") },
    }),
    ...facts,
  };
  return { ...ON_HOST, objective, since: 0, lastSeenAt: NOW };
}

const problem = (repository: string, code: string): RepositoryProblem => ({
  ...ON_HOST,
  repository,
  offsite: repository === "offsite",
  code,
  message: `said ${code}`,
  since: NOW - HOUR_MS,
});

const found = (facts: Partial<FailedProof>): FailedProof => ({
  ...ON_HOST,
  at: NOW,
  level: "structure",
  repository: "local",
  passed: false,
  message: "pack 1234 is broken",
  ...facts,
});

const conditions = ({ objectives = [], problems = [], failedProofs = [] }: Partial<BackupWord>) =>
  backupConditions({ objectives, problems, failedProofs }, NOW);
const told = (word: Partial<BackupWord>) =>
  conditions(word).map(({ severity, kind, subject }) => `${severity} ${kind} ${subject}`);

test("data that is nearly as old as may be is told before it is too old", () => {
  const [condition] = conditions({ objectives: [data("orders", 24 * MINUTE_MS)] });

  expect(condition).toMatchObject({
    kind: "rpo-at-risk",
    severity: "high",
    owner: "payments",
    subject: "orders",
    title: "orders on db-1: soon more data would be lost than was agreed",
    why: "volume:orders: the newest good restore point is of 2030-01-31 01:36Z, in local; 30 minutes may be lost",
  });
  expect(told({ objectives: [data("orders", 24 * MINUTE_MS - 1)] })).toEqual([]);
});

test("where what is left of the span is longer than a medium alert may wait, it is medium", () => {
  const nightly = (rpoMs: number) => told({ objectives: [data("orders", 0.8 * rpoMs, { rpoMs })] })[0];

  expect(nightly(20 * HOUR_MS)).toBe("medium rpo-at-risk orders");
  expect(nightly(20 * HOUR_MS - MINUTE_MS)).toBe("high rpo-at-risk orders");
});

test("too old is high, and critical where twice as much is lost, or nothing good is left", () => {
  const broken = (ageMs: number | undefined, more = {}) =>
    told({ objectives: [data("orders", ageMs, more)] })[0];

  expect(broken(30 * MINUTE_MS + 1)).toBe("high rpo-broken orders");
  expect(broken(60 * MINUTE_MS + 1)).toBe("critical rpo-broken orders");
  expect(broken(undefined)).toBe("critical rpo-broken orders");
  expect(broken(1, { offsiteAgeMs: 10 * HOUR_MS })).toBe("high rpo-broken orders");
});

test("what the dataset's label says of severity goes before", () => {
  expect(told({ objectives: [{ ...data("orders", undefined), severity: "low" }] })).toEqual([
    "low rpo-broken orders",
  ]);
});

test("datasets of one rule and owner are one alert, as bad as the worst of them", () => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const objectives = names.map((name, place) => data(name, (25 + place) * MINUTE_MS));

  const [condition, ...others] = conditions({ objectives });

  expect(others).toEqual([]);
  expect(condition).toMatchObject({
    kind: "rpo-broken",
    title: "7 datasets of databases on db-1: more data would be lost than was agreed",
  });
  expect(condition?.why).toMatch(/^volume:a: .*; and 2 more$/);
  expect(condition?.key).toBe(conditions({ objectives: objectives.slice(0, 1) })[0]?.key);
});

test("where no repository works, theirs is the one alert, and it tells what follows", () => {
  const [condition, ...others] = conditions({
    objectives: [data("orders", HOUR_MS + 1, { repositories: ["local"] })],
    problems: [problem("local", "repository_full")],
  });

  expect(others).toEqual([]);
  expect(condition).toMatchObject({
    kind: "repository",
    severity: "critical",
    subject: "local",
    title: "The repository local of db-1 is full",
  });
  expect(condition?.why).toBe(
    "since 2030-01-31 01:00Z: said repository_full; with it, more is lost than was agreed, or soon will be: volume:orders: the newest good restore point is of 2030-01-31 00:59Z, in local; 30 minutes may be lost",
  );
});

test("where some repository works, the age of the data has another cause: both are told", () => {
  const objectives = [data("orders", HOUR_MS)];
  const problems = [problem("offsite", "repository_unreachable")];

  expect(told({ objectives, problems })).toEqual(["medium repository offsite", "high rpo-broken orders"]);
  expect(conditions({ objectives, problems })[1]?.why).toMatch(
    /; does not work: offsite \(repository_unreachable\)$/,
  );
});

test("a dead line to the off-site copy is one alert, which gets as severe as what it breaks", () => {
  const problems = [problem("offsite", "repository_unreachable")];

  expect(told({ problems })).toEqual(["medium repository offsite"]);
  expect(told({ problems, objectives: [data("orders", 1, { offsiteAgeMs: HOUR_MS })] })).toEqual([
    "high repository offsite",
  ]);
});

test.each([
  ["repository_password_wrong", "high"],
  ["repository_absent", "high"],
  ["repository_full", "high"],
  ["repository_read_only", "high"],
  ["repository_damaged", "critical"],
  ["repository_unreachable", "medium"],
  ["repository_locked", "medium"],
  ["restic_failed", "medium"],
])("%s is one alert of its repository, and another problem is another alert", (code, severity) => {
  const problems = [problem("local", code)];

  expect(told({ problems })).toEqual([`${severity} repository local`]);
  expect(conditions({ problems })[0]?.key).not.toBe(
    conditions({ problems: [problem("local", "other")] })[0]?.key,
  );
});

test("damage is one alert, whether a look found it or a backup stumbled over it", () => {
  const failedProofs = [found({}), found({ level: "bytes" })];
  const all = conditions({ failedProofs, problems: [problem("local", "repository_damaged")] });

  expect(new Set(all.map(({ key }) => key)).size).toBe(1);
  expect(all[0]).toMatchObject({ severity: "critical", kind: "repository" });
});

test("a restore point that is not as it should be, and a drill that failed, are alerts of the dataset", () => {
  const failedProofs = [
    found({ level: "listed", dataset: "volume:orders", message: "its size fell by half" }),
    found({ level: "sample", dataset: "volume:orders" }),
    found({ level: "drill", dataset: "volume:orders", message: "the application did not become healthy" }),
  ];

  const all = conditions({ failedProofs });

  expect(all.map(({ key, kind }) => `${kind} ${key.split("/").slice(1).join("/")}`)).toEqual([
    "proof-failed proof/local/volume:orders",
    "proof-failed proof/local/volume:orders",
    "drill-failed drill/local/volume:orders",
  ]);
  expect(all[2]).toMatchObject({
    severity: "high",
    title: "The drill of orders on db-1 failed",
    why: "2030-01-31 02:00Z, from local: the application did not become healthy",
  });
});

test("the alert of a host that is not heard of says so", () => {
  const silent = { ...data("orders", HOUR_MS), lastSeenAt: NOW - SILENT_AFTER_MS };

  expect(conditions({ objectives: [silent] })[0]?.why).toMatch(
    /; db-1 was heard of last 2030-01-31 01:5\dZ$/,
  );
});
