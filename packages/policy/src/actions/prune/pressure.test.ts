import { days, HOUR_MS } from "@shipkeeper/kit";
import type { Disk, Image } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { World } from "../../round/world.ts";
import { compileBundle } from "../../language/compile.ts";
import { parsePolicy } from "../../language/parse-policy.ts";
import { urgentRules } from "../../round/urgent-rules.ts";
import { container, image, imageId, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { isRelieved } from "./pressure.ts";
import { pruneSpecSchema } from "./spec.ts";

const ENGINE = {
  id: "E",
  version: "20.10",
  apiVersion: "1.41",
  storageDriver: "overlay2",
  imageStore: "graphdriver",
  cgroupVersion: "2",
  cgroupDriver: "systemd",
  rootDir: "/var/lib/docker",
  liveRestore: false,
  swarm: "inactive",
  defaultLogDriver: "json-file",
  securityOptions: [],
} as const;

/** Used by so many percent of 10 GB. */
const disk = (usedShare: number, facts: Partial<Disk> = {}): Disk => ({
  path: "/var/lib/docker",
  totalBytes: 10e9,
  freeBytes: (1 - usedShare / 100) * 10e9,
  totalInodes: 100,
  freeInodes: 50,
  ...facts,
});

function pressedWorld(
  full: Disk,
  images: Image[],
  containers = [container("db", { imageId: imageId("db:1") })],
): World {
  const world = worldWith({ images, containers });
  const { inventory } = world;
  const host = { ...inventory.host, disks: [full] };
  return { ...world, inventory: { ...inventory, engine: { ...ENGINE, securityOptions: [] }, host } };
}

const plan = (world: World, spec: object = {}) =>
  planPrune(pruneSpecSchema.parse({ images: { unusedFor: "90d" }, pressure: {}, ...spec }), world);
const IMAGES = [
  image("db:1", { ageDays: 80 }),
  image("a:1", { ageDays: 40, sizeBytes: 300e6 }),
  image("b:1", { ageDays: 50, sizeBytes: 300e6 }),
  image("c:1", { ageDays: 30, sizeBytes: 300e6 }),
  image("young:1", { memory: { firstSeenAt: NOW - HOUR_MS } }),
];

test("above the high mark the least recently used go until the estimate reaches the low mark", () => {
  expect(verdicts(plan(pressedWorld(disk(85), IMAGES)))).toEqual({
    "b:1": "remove: pressure",
    "a:1": "remove: pressure",
    "c:1": "keep: used-recently",
    "db:1": "keep: in-use",
    "young:1": "keep: used-recently",
  });
  expect(verdicts(plan(pressedWorld(disk(84), IMAGES)))).not.toContain("remove: pressure");
  expect(
    verdicts(plan(pressedWorld(disk(81), IMAGES), { pressure: { above: "81%", downTo: "80%" } })),
  ).toMatchObject({
    "b:1": "remove: pressure",
    "a:1": "keep: used-recently",
  });
});

test("dangling images go first, and what the ages let go counts as well", () => {
  const images = [
    ...IMAGES,
    image("dangling", { ageDays: 1, sizeBytes: 300e6 }),
    image("old:1", { ageDays: 99, sizeBytes: 300e6 }),
  ];
  const said = verdicts(
    plan(pressedWorld(disk(85), images), { images: { unusedFor: "90d", dangling: true } }),
  );

  expect(Object.values(said).filter((one) => one.startsWith("remove"))).toEqual([
    "remove: unused",
    "remove: dangling",
  ]);
});

test("no floor gives way: in use, excepted, the newest, and what came within two hours stay", () => {
  const planned = plan(pressedWorld(disk(99), IMAGES), {
    images: { unusedFor: "90d", except: ["a"], keepNewest: 0 },
    limits: { share: "100%" },
  });

  expect(verdicts(planned)).toMatchObject({
    "b:1": "remove: pressure",
    "c:1": "remove: pressure",
    "a:1": "keep: excepted",
    "db:1": "keep: in-use",
    "young:1": "keep: used-recently",
  });
});

test("where nothing more may go people are told, with what fills the disk", () => {
  const big = container("db", { imageId: imageId("db:1"), writableBytes: 4e9, logBytes: 5e9 });

  const { verdicts: planned } = plan(pressedWorld(disk(95), IMAGES, [big]));

  expect(planned.find(({ decision }) => decision === "give-up")).toMatchObject({
    target: { type: "host", id: "/var/lib/docker" },
    reason: {
      why: "pressure-unresolved",
      usedShare: 95,
      consumers: [
        { what: "log of db", bytes: 5e9 },
        { what: "container db", bytes: 4e9 },
      ],
    },
  });
});

test("a disk without inodes presses, too, and is relieved when both are down", () => {
  const full = disk(10, { freeInodes: 5 });
  const spec = { pressure: { above: "85%", downTo: "80%", inodesAbove: "90%" } };

  expect(verdicts(plan(pressedWorld(full, IMAGES), spec))).toMatchObject({ "a:1": "remove: pressure" });
  expect(isRelieved(full, { downTo: 80, countsInodes: true })).toBe(false);
  expect(isRelieved(full, { downTo: 80, countsInodes: false })).toBe(true);
});

test("a full disk makes the rule urgent, at most every ten minutes", () => {
  const text =
    "{ policy: p, hosts: { environment: production }, rules: [{ prune: cache, schedule: '0 3 * * *', images: {}, pressure: {} }] }";
  const { policies } = parsePolicy([{ file: "p", text }], { now: NOW });
  const bundle = compileBundle(policies, { revision: 1, issuedAt: NOW - days(1), expiresAt: NOW + days(1) });
  const urgent = (used: number, ranMsAgo: number) => [
    ...urgentRules({
      bundle,
      world: pressedWorld(disk(used), []),
      lastRuns: new Map([["p/cache", NOW - ranMsAgo]]),
    }),
  ];

  expect(urgent(90, HOUR_MS)).toEqual(["p/cache"]);
  expect(urgent(90, HOUR_MS / 12)).toEqual([]);
  expect(urgent(50, HOUR_MS)).toEqual([]);
});
