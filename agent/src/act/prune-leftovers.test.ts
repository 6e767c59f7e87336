import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MINUTE_MS } from "@shipkeeper/kit";
import type { BuildCacheRecord } from "@shipkeeper/model";
import { expectBuildCache, expectNetwork, expectVolume, type Target, type Verdict } from "@shipkeeper/policy";
import { expect, onTestFinished, test } from "vitest";
import type { Restic } from "@shipkeeper/restic";
import { applyPlan } from "./apply-plan.ts";
import type { ActContext } from "./action-context.ts";
import { pruneHandler } from "./prune.ts";
import { NOW, actWorld, planOf, removeImage, summary } from "./testing/act-world.ts";

const removal = (type: Target["type"], id: string, expect: Verdict["expect"]): Verdict => ({
  target: { type, id, name: id },
  decision: "remove",
  reason: { why: "unused" },
  expect,
});

async function ended(context: ActContext, ...verdicts: Verdict[]): Promise<Record<string, string>> {
  const { outcomes } = await applyPlan(planOf(...verdicts), pruneHandler, context);
  return summary(await outcomes);
}

/** A repository that lists these snapshots, whatever it is asked for. */
const resticWith = (...ids: string[]) =>
  ({ snapshots: async () => ids.map((id) => ({ id, at: NOW, tags: [] })) }) as unknown as Restic;

test("a volume goes when nothing mounts it and its repository still lists the restore point", async () => {
  const { engine, context } = actWorld({ restic: resticWith("point-1") });
  const volumes = ["restorable", "lost", "mounted"].map((name) => engine.addVolume({ name }));
  const image = engine.addImage({ tags: ["web:1"] }).id;
  const mounts = [
    { type: "volume" as const, volume: "mounted", source: "/", destination: "/d", readOnly: false },
  ];
  engine.addContainer({ image, state: "exited", name: "late", mounts });
  const steps = volumes.map((volume) =>
    removal("volume", volume.name, {
      ...expectVolume(volume),
      restorePoint: volume.name === "lost" ? "point-2" : "point-1",
      restorableFrom: "local",
    }),
  );

  expect(await ended(context, ...steps)).toEqual({
    restorable: "done",
    lost: "skipped: no-restore-point",
    mounted: "skipped: in-use",
  });
  expect(engine.mutations.map(({ subject }) => subject)).toEqual(["restorable"]);
});

test("a volume that was empty goes only while nothing is in its folder, and not where it cannot be seen", async () => {
  const { engine, context } = actWorld();
  const folder = (name: string) => {
    const path = mkdtempSync(join(tmpdir(), "shipkeeper-volume-"));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return engine.addVolume({ name, mountpoint: path });
  };
  const [empty, filled] = [folder("empty"), folder("filled")];
  writeFileSync(join(filled.mountpoint, "late"), "");
  const hidden = engine.addVolume({ name: "hidden", mountpoint: "/nowhere/at/all" });
  const steps = [empty, filled, hidden].map((volume) =>
    removal("volume", volume.name, { ...expectVolume(volume), empty: true }),
  );

  expect(await ended(context, ...steps)).toMatchObject({
    empty: "done",
    filled: "skipped: not-empty",
    hidden: expect.stringContaining("failed: ENOENT"),
  });
});

test("a network goes while nobody is part of it, not even a container that never started", async () => {
  const { engine, context } = actWorld();
  const [idle, joined] = ["idle", "joined"].map((name) => engine.addNetwork({ name }));
  const image = engine.addImage({ tags: ["web:1"] }).id;
  engine.addContainer({ image, state: "created", networks: [{ name: "joined", id: "", address: "" }] });
  const steps = [idle!, joined!].map((network) => removal("network", network.id, expectNetwork(network)));

  expect(Object.values(await ended(context, ...steps))).toEqual(["done", "skipped: in-use"]);
  expect((await engine.networks()).map(({ name }) => name)).toEqual(["joined"]);
});

const record = (id: string, facts: Partial<BuildCacheRecord> = {}): BuildCacheRecord => ({
  id,
  type: "regular",
  description: id,
  sizeBytes: 1,
  usageCount: 1,
  inUse: false,
  shared: false,
  lastUsedAt: NOW - 60 * MINUTE_MS,
  ...facts,
});

test("build cache goes record by record, and what a build used since stays", async () => {
  const { engine, context } = actWorld();
  const [old, used] = [record("old"), record("used")];
  engine.measured = { ...engine.measured, buildCache: [old, { ...used, usageCount: 2 }] };
  const steps = [old, used].map((one) => removal("build-cache", one.id, expectBuildCache(one)));

  expect(await ended(context, ...steps)).toEqual({ old: "done", used: "skipped: changed-since-plan" });
});

test("no build cache goes while a build may be under way", async () => {
  const { engine, context } = actWorld();
  const old = record("old");
  engine.measured = { ...engine.measured, buildCache: [old, record("other", { inUse: true })] };

  expect(await ended(context, removal("build-cache", "old", expectBuildCache(old)))).toEqual({
    old: "skipped: build-under-way",
  });
  expect(engine.mutations).toEqual([]);
});

test("what only a full disk justified stays as soon as the disk is relieved, as measured", async () => {
  const { engine, context } = actWorld({
    engineDisk: async () => {
      const freeBytes = engine.mutations.length === 0 ? 5 : 30;
      return { path: "/", totalBytes: 100, freeBytes, totalInodes: 0, freeInodes: 0 };
    },
  });
  const images = ["a:1", "b:1", "c:1"].map((tag) => engine.addImage({ tags: [tag] }));
  const pressure = { why: "pressure", unusedForMs: 1, usedShare: 95, downTo: 80, countsInodes: false };
  const [first, second, last] = images.map(removeImage);

  const steps = [{ ...first!, reason: pressure }, { ...second!, reason: pressure }, last!];

  expect(await ended(context, ...steps)).toEqual({
    "a:1": "done",
    "b:1": "skipped: pressure-relieved",
    "c:1": "done",
  });
});
