import { days, HOUR_MS } from "@shipkeeper/kit";
import { roundIdSchema, type Container } from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import {
  compileBundle,
  explainRound,
  parsePolicy,
  planRound,
  type Expiry,
  type RoundQuestion,
} from "../index.ts";
import { guardrailsSchema } from "../guardrails.ts";
import { digestOf, manifest, registryWorld } from "../testing/registry.ts";
import { container, ended, image, imageId, NOW, unhealthy, worldWith } from "../testing/world.ts";

const PRODUCTION = `
policy: production
hosts: { environment: production }
mode: enforce
rules:
  - prune: host-cache
    schedule: "0 2 * * *"
    images: { unusedFor: 14d, keepNewest: 1 }
    containers: { exitedFor: 72h }
    limits: { bytes: 10GB }
  - prune: build-leftovers
    mode: observe
    every: 1h
    images: {}
  - backup: databases
    schedule: "0 3 * * *"
    select: { volumes: ["*-pgdata"] }
    to: [local, offsite]
  - restart: unhealthy
    after: 30s
`;

function explained(text: string, question: Partial<RoundQuestion>) {
  const { policies, problems } = parsePolicy([{ file: "p", text }], { now: NOW });
  expect(problems).toEqual([]);
  const round = planRound({
    bundle: compileBundle(policies, { revision: 14, issuedAt: NOW - days(30), expiresAt: NOW + days(60) }),
    world: WORLD,
    lastRuns: new Map([["production/databases", NOW - 23 * HOUR_MS]]),
    roundId: roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa"),
    stopFilePresent: false,
    trigger: "scheduled",
    ...question,
  });
  return explainRound(round, { hostName: "web-1" });
}

const WORLD = worldWith({
  images: [
    image("web:1", { ageDays: 90, sizeBytes: 1.2e9, owner: "payments" }),
    image("web:2", { ageDays: 60, sizeBytes: 1.4e9, owner: "payments" }),
    image("db:9", { ageDays: 200, sizeBytes: 0.8e9 }),
    image("left-over", { ageDays: 1, sizeBytes: 30e6 }),
  ],
  containers: [
    container("postgres", { imageId: imageId("db:9") }),
    ended("migrate-41", { owner: "payments", writableBytes: 12e6 }),
    ended("stopped-api", { restartPolicy: { name: "always", maximumRetries: 0 } }),
  ],
  volumes: [plainVolume("shop-pgdata", { sizeBytes: 4e9 }), plainVolume("cache")],
});

test("a round reads as the list of what goes, what stays and what waits, each with its reason", async () => {
  await expect(explained(PRODUCTION, {})).toMatchFileSnapshot("./golden/nightly.txt");
});

test("a round of backups tells the place of every restore point", async () => {
  const restorePoints = [
    { id: "a1", at: NOW - 26 * HOUR_MS, repository: "local", dataset: "volume:shop-pgdata" },
  ];
  const world = { ...WORLD, ledger: { ...WORLD.ledger, restorePoints } };

  await expect(
    explained(PRODUCTION, {
      world,
      runNow: new Set(["production/databases"]),
      lastRuns: new Map([
        ["production/host-cache", NOW],
        ["production/build-leftovers", NOW],
      ]),
    }),
  ).toMatchFileSnapshot("./golden/backups.txt");
});

test("a round of restarts tells whom it lets wait and whom it gives up on", async () => {
  const world = worldWith(
    {
      containers: [
        unhealthy("api", { forSeconds: 90, owner: "payments" }),
        unhealthy("queue", { forSeconds: 20 }),
        unhealthy("search", { forSeconds: 400 }),
        container("postgres-main", { health: { status: "healthy", failingStreak: 0, log: [] } }),
        container("web", { health: { status: "healthy", failingStreak: 0, log: [] } }),
      ],
    },
    { guardrails: guardrailsSchema.parse({ neverTouch: { containers: ["^postgres-"] } }) },
  );
  const tries = [25, 20, 15, 10, 6].map((minutes) => ({
    at: NOW - minutes * 60_000,
    result: "failed" as const,
    rung: "restart" as const,
  }));
  const ledger = { ...world.ledger, restarts: new Map([["name:search", tries]]) };

  await expect(
    explained(PRODUCTION, { world: { ...world, ledger }, trigger: "continuous" }),
  ).toMatchFileSnapshot("./golden/restarts.txt");
});

test("a round of expiries tells who is warned, who ends, and what stays with whom", async () => {
  const runs = (name: string, ageDays: number, facts: Partial<Container> = {}) =>
    container(name, { startedAt: NOW - days(ageDays), ...facts });
  const told = (one: Container, facts: Partial<Expiry>): Expiry => ({
    rule: "batch/long-runners",
    containerId: one.id,
    bornAt: one.startedAt ?? 0,
    announcedAt: NOW - days(4),
    endsAt: NOW - days(1),
    ...facts,
  });
  const [report, crawler, import7, import6] = [
    runs("report-2029", 40, { owner: "payments" }),
    runs("crawler", 31),
    ended("import-7", { hoursAgo: 24 * 8 }),
    ended("import-6", { hoursAgo: 24 }),
  ];
  const world = worldWith({
    containers: [
      report,
      crawler,
      import7,
      import6,
      runs("train", 90, { owner: "research" }),
      runs("ledger-db", 200, { image: "postgres:15" }),
      runs("web", 90, { compose: { project: "shop", service: "web", number: "1" } }),
      runs("fresh", 2),
    ],
  });
  const expiries = [
    told(report, {}),
    told(crawler, { announcedAt: NOW - days(1), endsAt: NOW + days(2) }),
    ...[import7, import6].map((one) =>
      told(one, { stopped: { at: one.finishedAt ?? 0, finishedAt: one.finishedAt ?? 0 } }),
    ),
  ];

  const text = `
policy: batch
hosts: { environment: production }
mode: enforce
rules:
  - { expire: long-runners, all: true, olderThan: 30d, announce: 3d, removeAfter: 7d }`;

  await expect(
    explained(text, { world: { ...world, ledger: { ...world.ledger, expiries } } }),
  ).toMatchFileSnapshot("./golden/expiries.txt");
});

test("golden: a registry, with the reason for everything that stays", async () => {
  const layers = (bytes: number) => [{ digest: digestOf(`layers of ${bytes}`), bytes }];
  const arm = manifest("", { name: "arm64", blobs: layers(310e6) });
  const web = [
    manifest("1.0 1.0.3", { ageDays: 400, blobs: layers(290e6) }),
    manifest("multi", { ageDays: 300, parts: [arm.digest], blobs: layers(2e3) }),
    arm,
    manifest("stable 1.1", { ageDays: 200, blobs: layers(295e6) }),
    manifest("1.2", { ageDays: 190, blobs: layers(296e6) }),
    manifest("1.3", { ageDays: 180, blobs: layers(297e6) }),
    manifest("1.4", { ageDays: 3, blobs: layers(298e6) }),
    manifest("", { name: "lost", ageDays: 9, blobs: layers(150e6) }),
  ];
  const world = registryWorld({ "acme/web": web }, { used: { [digestOf("1.2")]: NOW - days(2) } });

  await expect(
    explained(
      `
policy: production
hosts: { hostname: tools-1 }
mode: enforce
rules:
  - registry: cleanup
    schedule: "0 2 * * *"
    at: main
    host: tools-1
    repositories: ["acme/*"]
    except: ["*:stable"]
    olderThan: 90d
    keepNewest: 1
    limits: { share: 50% }
  - registry: other
    schedule: "0 2 * * *"
    at: main
    host: tools-2
    repositories: ["*"]
    olderThan: 90d
`,
      { world },
    ),
  ).toMatchFileSnapshot("./golden/registry.txt");
});

test("a round that is held back says by what", async () => {
  await expect(explained(PRODUCTION, { stopFilePresent: true })).toMatchFileSnapshot(
    "./golden/held-back.txt",
  );
});

test("no name can forge a line, hide text or fill the screen", async () => {
  const world = worldWith({
    images: [
      image("evil", { tags: ["web:1\n    keep    all            nothing to see"] }),
      image("red", { tags: ["\u001b[31mred:1"] }),
      image("turned", { tags: ["\u202egnp.1:exe"] }),
      image("long", { tags: [`${"very-".repeat(100)}long:1`] }),
    ],
  });

  await expect(
    explained(PRODUCTION.replace("keepNewest: 1", "keepNewest: 0"), { world }),
  ).toMatchFileSnapshot("./golden/forged-names.txt");
});

test("a long list is cut and the rest counted", () => {
  const world = worldWith({ images: Array.from({ length: 30 }, (_, index) => image(`web:${index}`)) });
  const { policies } = parsePolicy([{ file: "p", text: PRODUCTION }], { now: NOW });
  const round = planRound({
    bundle: compileBundle(policies, { revision: 14, issuedAt: NOW - days(30), expiresAt: NOW + days(60) }),
    world,
    lastRuns: new Map(),
    roundId: roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa"),
    stopFilePresent: false,
    trigger: "scheduled",
  });

  const lines = explainRound(round, { hostName: "web-1", mostPerRule: 5 }).split("\n");

  expect(lines.filter((line) => line.includes("web:"))).toHaveLength(10);
  expect(lines).toContain("    … and 25 more");
});
