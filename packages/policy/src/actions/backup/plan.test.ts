import { HOUR_MS } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { NOW, verdicts, worldWith } from "../../testing/world.ts";
import { explainBackup, summarizeBackup } from "./explain.ts";
import { measureBackup } from "./outcome.ts";
import { planBackup } from "./plan.ts";
import { backupSpecSchema } from "./spec.ts";

const plan = (spec: object, world: ReturnType<typeof worldWith>) =>
  planBackup(backupSpecSchema.parse({ to: ["local"], ...spec }), world);
const point = (name: string, repository: string, hoursAgo: number) => ({
  id: `${name}-${hoursAgo}`,
  at: NOW - hoursAgo * HOUR_MS,
  repository,
  dataset: `volume:${name}`,
});

test("a volume is backed up when its name or its labels are selected; where both are given, both must be", () => {
  const world = worldWith({
    volumes: [
      plainVolume("shop-pgdata", { labels: { tier: "gold" } }),
      plainVolume("test-pgdata"),
      plainVolume("cache", { labels: { tier: "gold" } }),
    ],
  });

  expect(verdicts(plan({ select: { volumes: ["*-pgdata"] } }, world))).toEqual({
    "shop-pgdata": "back-up: no-restore-point",
    "test-pgdata": "back-up: no-restore-point",
    cache: "keep: not-selected",
  });
  expect(verdicts(plan({ select: { volumes: ["*-pgdata"], labels: { tier: "g*" } } }, world))).toEqual({
    "shop-pgdata": "back-up: no-restore-point",
    "test-pgdata": "keep: not-selected",
    cache: "keep: not-selected",
  });
});

test("each repository gets a verdict of its own, and one that the host does not know is refused", () => {
  const world = worldWith({ volumes: [plainVolume("data")] });

  const planned = plan({ select: { volumes: ["*"] }, to: ["local", "moon", "offsite", "local"] }, world);

  expect(
    planned.verdicts.map(({ decision, reason, expect: facts }) => [decision, reason, facts?.["repository"]]),
  ).toEqual([
    ["back-up", { why: "no-restore-point", repository: "local" }, "local"],
    ["back-up", { why: "no-restore-point", repository: "offsite" }, "offsite"],
    ["refuse", { why: "repository-unknown", repository: "moon" }, undefined],
  ]);
});

test("what would lose most goes first: no restore point, then the oldest", () => {
  const world = worldWith({ volumes: [plainVolume("a"), plainVolume("b"), plainVolume("c")] });
  const restorePoints = [
    point("a", "local", 2),
    point("b", "local", 26),
    point("b", "offsite", 1),
    point("b", "local", 90),
  ];

  const planned = plan(
    { select: { volumes: ["*"] } },
    { ...world, ledger: { ...world.ledger, restorePoints } },
  );

  expect(planned.verdicts.map((verdict) => `${verdict.target.name}: ${explainBackup(verdict)}`)).toEqual([
    "c: to local, no restore point yet",
    "b: to local, last restore point 26 hours ago",
    "a: to local, last restore point 2 hours ago",
  ]);
});

test("protected, remote and anonymous volumes stay out; an anonymous one can be named by a label", () => {
  const guardrails = guardrailsSchema.parse({ neverTouch: { volumes: ["^secret"] } });
  const world = worldWith(
    {
      volumes: [
        plainVolume("secrets"),
        plainVolume("share", { driver: "nfs" }),
        plainVolume("0f3a", { anonymous: true, labels: { tier: "gold" } }),
      ],
    },
    { guardrails },
  );

  expect(verdicts(plan({ select: { volumes: ["*"] } }, world))).toEqual({
    "0f3a": "keep: anonymous",
    secrets: "refuse: never-touch",
    share: "keep: driver",
  });
  expect(verdicts(plan({ select: { labels: { tier: "gold" } } }, world))).toMatchObject({
    "0f3a": "back-up: no-restore-point",
  });
});

test("a list with gaps hides volumes, but the ones that were seen are backed up", () => {
  const world = worldWith({
    volumes: [plainVolume("data")],
    gaps: [{ section: "volumes", error: "timeout" }],
  });

  expect(verdicts(plan({ select: { volumes: ["*"] } }, world))).toEqual({
    data: "back-up: no-restore-point",
  });
});

test("the summary counts a volume once, however many repositories it goes to", () => {
  const world = worldWith({ volumes: [plainVolume("a", { sizeBytes: 2e9 }), plainVolume("b")] });

  expect(
    summarizeBackup(plan({ select: { volumes: ["*"] }, to: ["local", "offsite"] }, world).verdicts),
  ).toBe("backs up 2 volumes, 2 GB");
});

test("only a step that names its restore point counts as one", () => {
  const facts = {
    restorePoint: "ab",
    repository: "local",
    bytesAdded: 5,
    totalBytes: 50,
    files: 3,
    durationMs: 7,
  };
  const step = {
    target: { type: "volume", id: "a", name: "a" },
    decision: "back-up",
    startedAt: NOW,
    finishedAt: NOW,
  } as const;

  const steps = [
    { ...step, status: "done" as const, facts },
    { ...step, status: "done" as const, facts },
    { ...step, status: "done" as const },
    { ...step, status: "failed" as const, facts },
    { ...step, status: "skipped" as const },
  ];

  expect(measureBackup({ steps })).toEqual({
    restorePoints: 2,
    bytesRead: 100,
    bytesStored: 10,
    filesRead: 6,
    backupMs: 14,
    failedSteps: 1,
  });
});
