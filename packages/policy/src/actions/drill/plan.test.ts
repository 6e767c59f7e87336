import { days, HOUR_MS } from "@shipkeeper/kit";
import type { Container, Disk } from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import type { Proof } from "../../dataset/proof.ts";
import type { KnownRestorePoint, World } from "../../round/world.ts";
import { container, ended, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { explainDrill, summarizeDrill } from "./explain.ts";
import { planDrill } from "./plan.ts";
import { drillSpecSchema } from "./spec.ts";

const spec = (keys: object = {}) =>
  drillSpecSchema.parse({ of: "databases", to: ["local", "offsite"], ...keys });
const point = (dataset: string, facts: Partial<KnownRestorePoint> = {}): KnownRestorePoint => ({
  id: `point of ${dataset}`,
  at: NOW - HOUR_MS,
  repository: "local",
  dataset,
  rule: "shop/databases",
  ...facts,
});
const drilled = (dataset: string, daysAgo: number, facts: Partial<Proof> = {}): Proof => ({
  at: NOW - days(daysAgo),
  level: "drill",
  repository: "local",
  dataset,
  passed: true,
  ...facts,
});
function worldOf(
  restorePoints: readonly KnownRestorePoint[],
  { proofs = [], ...things }: { proofs?: readonly Proof[] } & Parameters<typeof worldWith>[0] = {},
): World {
  const world = worldWith(things);
  return { ...world, ledger: { ...world.ledger, restorePoints, proofs } };
}
const plan = (world: World, keys: object = {}) => planDrill(spec(keys), world, "shop/databases/drill");
const mounts = (volume: string, readOnly = false) => [
  { type: "volume" as const, volume, source: `/volumes/${volume}`, destination: "/data", readOnly },
];

test("one dataset at a time, the one with the oldest proof first, and undrilled ones before all", () => {
  const names = ["volume:fresh", "volume:old", "volume:older", "volume:new", "bind:/new"];
  const proofs = [drilled("volume:fresh", 2), drilled("volume:old", 8), drilled("volume:older", 30)];

  const planned = plan(
    worldOf(
      names.map((name) => point(name)),
      { proofs },
    ),
  );

  expect(verdicts(planned)).toEqual({
    "bind:/new": "drill: never-drilled",
    "volume:new": "wait: one-at-a-time",
    "volume:older": "wait: one-at-a-time",
    "volume:old": "wait: one-at-a-time",
    "volume:fresh": "keep: drilled",
  });
  expect(planned.verdicts.map((verdict) => explainDrill(verdict))).toEqual([
    "from local, never drilled",
    "bind:/new is drilled first",
    "bind:/new is drilled first",
    "bind:/new is drilled first",
    "drilled 2 days ago (every 7 days)",
  ]);
  expect(summarizeDrill(planned.verdicts)).toBe("drills bind:/new, 3 wait");
});

test("only restore points of its own backup rule are drilled, and only what can be started on", () => {
  const planned = plan(
    worldOf([
      point("volume:other", { rule: "shop/other" }),
      point("volume:by-hand", { rule: undefined }),
      point("host:configuration"),
      point("image:shop:3"),
    ]),
  );

  expect(verdicts(planned)).toEqual({ "host:configuration": "keep: kind", "image:shop:3": "keep: kind" });
  expect(summarizeDrill(planned.verdicts)).toBe("drills nothing");
});

test("a dump is drilled where a database can take it back, and holds up nothing where none can", () => {
  const decide = (
    keys: object,
    {
      use = "postgresql" as const,
      containers = [container("shop-db", { mounts: mounts("shop-pgdata") })] as Container[],
      own = false,
    } = {},
  ) => {
    const world = worldOf([point("dump:shop-pgdata"), point("volume:shop-uploads")], { containers });
    const hook = own ? { argv: ["dump"], timeout: 1 } : { use, timeout: 1 };
    const guardrails = { ...world.guardrails, hooks: { "shop-db": hook } };
    const { verdicts: all } = plan({ ...world, guardrails }, { hook: "shop-db", ...keys });
    const verdict = all.find(({ target }) => target.id === "dump:shop-pgdata")!;
    return [verdict.decision, explainDrill(verdict), verdict.expect?.["hook"]].join(": ");
  };
  const unproved = "keep: only a database that takes it can prove a dump:";

  expect(decide({})).toBe("drill: from local on shop-db, never drilled: shop-db");
  expect(decide({ start: false })).toBe(`${unproved} the rule says \`start: false\`: `);
  expect(decide({ hook: "gone" })).toBe(
    `${unproved} hook gone of the host's guardrails has no \`restore\`: `,
  );
  expect(decide({}, { own: true })).toBe(
    `${unproved} hook shop-db of the host's guardrails has no \`restore\`: `,
  );
  expect(decide({}, { containers: [] })).toBe(`${unproved} no container of this host uses its volume: `);
});

test("each repository is drilled in turn, unless one is named", () => {
  const points = [point("volume:a"), point("volume:a", { repository: "offsite" })];
  const from = (proofs: readonly Proof[], keys?: object) =>
    plan(worldOf(points, { proofs }), keys).verdicts.map(({ expect: facts }) => facts?.["repository"]);
  const local = drilled("volume:a", 9);
  const offsite = drilled("volume:a", 8, { repository: "offsite" });

  expect(from([])).toEqual(["local"]);
  expect(from([local])).toEqual(["offsite"]);
  expect(from([local, offsite])).toEqual(["local"]);
  expect(from([local], { from: "local" })).toEqual(["local"]);
});

test("a repository that the host does not know, or that holds nothing of a dataset, is refused", () => {
  const moon = plan(worldOf([point("volume:a")]), { from: "moon" });

  expect(verdicts(moon)).toEqual({ "volume:a": "refuse: repository-unknown" });
  expect(verdicts(plan(worldOf([point("volume:a")]), { from: "offsite" }))).toEqual({
    "volume:a": "refuse: no-restore-point",
  });
  expect(moon.verdicts.map((verdict) => explainDrill(verdict))).toEqual([
    "this host knows no repository moon",
  ]);
});

test("what failed is tried again after a day, not at once and not after a week", () => {
  const failed = (daysAgo: number) => drilled("volume:a", daysAgo, { passed: false });
  const decide = (...proofs: Proof[]) => verdicts(plan(worldOf([point("volume:a")], { proofs })))["volume:a"];

  expect(decide(drilled("volume:a", 3), failed(0.5))).toBe("keep: failed");
  expect(decide(drilled("volume:a", 3), failed(1))).toBe("drill: failed-last");
  expect(decide(failed(3), drilled("volume:a", 2))).toBe("keep: drilled");
});

test("what does not fit on the disk waits, and does not hold up what fits", () => {
  const disk: Disk = { path: "/docker", totalBytes: 1_000, freeBytes: 300, totalInodes: 1, freeInodes: 1 };
  const small = point("volume:small", { bytes: 100 });
  const world = worldOf([point("volume:large", { bytes: 101 }), small]);
  const { inventory } = world;
  const engine = { rootDir: "/docker" } as NonNullable<World["inventory"]["engine"]>;

  const planned = plan({
    ...world,
    inventory: { ...inventory, engine, host: { ...inventory.host, disks: [disk] } },
  });

  expect(verdicts(planned)).toEqual({
    "volume:small": "drill: never-drilled",
    "volume:large": "wait: no-room",
  });
  expect(planned.verdicts.map((verdict) => explainDrill(verdict))).toContain(
    "needs 202 B, and the disk has 200 B to spare",
  );
});

test("the container that runs and writes is tried out, never the agent's own, and none where nobody wants it", () => {
  const containers = [
    container("reader", { mounts: mounts("a", true) }),
    ended("stopped", { mounts: mounts("a") }),
    container("agent", { mounts: mounts("a") }),
    container("writer", { mounts: mounts("a") }),
    container("other", { mounts: mounts("b") }),
  ];
  const world = {
    ...worldOf([point("volume:a")], { containers, volumes: [plainVolume("a")] }),
    self: ["agent"],
  };

  const [started] = plan(world).verdicts;
  const [alone] = plan(world, { start: false }).verdicts;

  const { id, imageId } = container("writer");
  expect(started?.expect).toEqual({ dataset: "volume:a", repository: "local", container: id, imageId });
  expect(started && explainDrill(started)).toBe("from local on writer, never drilled");
  expect(alone?.expect).toEqual({ dataset: "volume:a", repository: "local" });
});

test("an assertion asserts one thing, and its own keys belong to it", () => {
  const problems = (one: object) =>
    drillSpecSchema.safeParse({ of: "a", to: ["b"], assert: [one] }).error?.issues;

  expect(problems({ files: true })).toBeUndefined();
  expect(problems({ sql: "SELECT 1", atLeast: 1 })).toBeUndefined();
  expect(problems({ files: true, sql: "SELECT 1" })?.[0]?.message).toContain("asserts one thing");
  expect(problems({})?.[0]?.message).toContain("asserts one thing");
  expect(problems({ http: { port: 80 }, atLeast: 1 })?.[0]?.message).toBe("`atLeast` belongs to `sql`");
  expect(problems({ files: true, expect: "ok" })?.[0]?.message).toBe("`expect` belongs to `exec`");
});
