import { HOUR_MS } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { container, image, mounting, NOW, verdicts, worldWith } from "../../testing/world.ts";
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
    "volume:shop-pgdata": "back-up: no-restore-point",
    "volume:test-pgdata": "back-up: no-restore-point",
    "volume:cache": "keep: not-selected",
  });
  expect(verdicts(plan({ select: { volumes: ["*-pgdata"], labels: { tier: "g*" } } }, world))).toEqual({
    "volume:shop-pgdata": "back-up: no-restore-point",
    "volume:test-pgdata": "keep: not-selected",
    "volume:cache": "keep: not-selected",
  });
});

test("each repository gets a verdict of its own, and one that the host does not know is refused", () => {
  const world = worldWith({ volumes: [plainVolume("data")] });

  const planned = plan({ select: { volumes: ["*"] }, to: ["local", "moon", "offsite", "local"] }, world);

  expect(
    planned.verdicts.map(({ decision, reason, expect: facts }) => [decision, reason, facts?.["repository"]]),
  ).toEqual([
    ["back-up", { why: "no-restore-point", repository: "local" }, "local"],
    ["copy", { why: "no-restore-point", repository: "offsite" }, "offsite"],
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
    "volume:c: to local, no restore point yet",
    "volume:b: to local, last restore point 26 hours ago",
    "volume:a: to local, last restore point 2 hours ago",
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
    "volume:0f3a": "keep: anonymous",
    "volume:secrets": "refuse: never-touch",
    "volume:share": "keep: driver",
  });
  expect(verdicts(plan({ select: { labels: { tier: "gold" } } }, world))).toMatchObject({
    "volume:0f3a": "back-up: no-restore-point",
  });
});

test("a list with gaps hides volumes, but the ones that were seen are backed up", () => {
  const world = worldWith({
    volumes: [plainVolume("data")],
    gaps: [{ section: "volumes", error: "timeout" }],
  });

  expect(verdicts(plan({ select: { volumes: ["*"] } }, world))).toEqual({
    "volume:data": "back-up: no-restore-point",
  });
});

test("the summary counts a dataset once, however many repositories it goes to", () => {
  const world = worldWith({ volumes: [plainVolume("a", { sizeBytes: 2e9 }), plainVolume("b")] });

  expect(
    summarizeBackup(plan({ select: { volumes: ["*"] }, to: ["local", "offsite"] }, world).verdicts),
  ).toBe("backs up 2 datasets, 2 GB");
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
    target: { type: "dataset", id: "volume:a", name: "volume:a" },
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

test("a folder needs the policy and the host, and holds data; with several containers it is one", () => {
  const guardrails = guardrailsSchema.parse({ allow: { binds: ["/srv/*"] } });
  const containers = [
    mounting("web", ["/srv/app", "/srv/fpm.sock", "/opt/joe", "/srv/config:ro"]),
    mounting("job", ["/srv/app/", "/opt/other"]),
  ];

  expect(
    verdicts(plan({ select: { binds: ["/srv/*", "/opt/j*"] } }, worldWith({ containers }, { guardrails }))),
  ).toEqual({
    "bind:/srv/app": "back-up: no-restore-point",
    "bind:/opt/joe": "refuse: bind-not-allowed",
    "bind:/opt/other": "keep: not-selected",
    "bind:/srv/fpm.sock": "keep: no-data",
  });
});

test("the host itself is one dataset, and nothing else is spoken of where nothing else is selected", () => {
  const world = worldWith({ volumes: [plainVolume("data")], images: [image("web:1")] });

  expect(verdicts(plan({ select: { host: true } }, world))).toEqual({
    "host:configuration": "back-up: no-restore-point",
  });
});

test("an image that no registry has is kept once: again only when its name means another image", () => {
  const built = image("app:1", { ageDays: 9 });
  const pulled = image("web:1", { digests: ["web@sha256:1"] });
  const images = [built, pulled, image("unused:1")];
  const containers = [container("app", { imageId: built.id }), container("web", { imageId: pulled.id })];
  const world = worldWith({ images, containers });
  const saved = (hoursAgo: number) => ({
    ...world,
    ledger: {
      ...world.ledger,
      restorePoints: [{ ...point("app", "local", hoursAgo), dataset: "image:app:1" }],
    },
  });
  const told = (in_: typeof world) =>
    plan({ select: { images: true }, to: ["local", "offsite"] }, in_).verdicts.map(
      (verdict) => `${verdict.decision} ${verdict.target.name}: ${explainBackup(verdict)}`,
    );

  expect(told(world)).toEqual([
    "back-up image:app:1: to local, no restore point yet",
    "copy image:app:1: to offsite, no restore point yet",
    "keep image:web:1: a registry has it (web@sha256:1)",
  ]);
  expect(told(saved(24))).toEqual([
    "copy image:app:1: to offsite, no restore point yet",
    "keep image:app:1: in local since 2030-01-30 02:00Z",
    "keep image:web:1: a registry has it (web@sha256:1)",
  ]);
  expect(told(saved(10 * 24))[0]).toBe("back-up image:app:1: to local, last restore point 10 days ago");
});

test("everything is backed up once before the first copy goes over the line", () => {
  const world = worldWith({ volumes: [plainVolume("a"), plainVolume("b")] });

  const planned = plan({ select: { volumes: ["*"] }, to: ["local", "offsite"] }, world);

  expect(planned.verdicts.map(({ decision, target }) => `${decision} ${target.name}`)).toEqual([
    "back-up volume:a",
    "back-up volume:b",
    "copy volume:a",
    "copy volume:b",
  ]);
});
