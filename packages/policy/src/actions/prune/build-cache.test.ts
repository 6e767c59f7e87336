import { days, MINUTE_MS } from "@shipkeeper/kit";
import type { BuildCacheRecord } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const record = (id: string, idleDays: number, facts: Partial<BuildCacheRecord> = {}): BuildCacheRecord => ({
  id,
  type: "regular",
  description: id,
  usageCount: 1,
  inUse: false,
  shared: false,
  parents: [],
  sizeBytes: 1e9,
  lastUsedAt: NOW - days(idleDays),
  ...facts,
});

const plan = (
  buildCache: BuildCacheRecord[],
  spec: object = {},
  gaps: { section: "buildCache"; error: string }[] = [],
) => planPrune(pruneSpecSchema.parse({ buildCache: spec }), worldWith({ buildCache, gaps }));

test("a record goes when no build used it for long enough, after those that are built on it", () => {
  const planned = plan([
    record("base", 40),
    record("layer", 30, { parents: ["base"] }),
    record("fresh", 3),
    record("held", 50, { parents: [] }),
    record("holder", 2, { parents: ["held"] }),
    record("in-image", 60, { shared: true }),
  ]);

  expect(Object.entries(verdicts(planned))).toEqual([
    ["layer", "remove: unused"],
    ["base", "remove: unused"],
    ["in-image", "keep: shared"],
    ["holder", "keep: used-recently"],
    ["held", "keep: needed-by"],
    ["fresh", "keep: used-recently"],
  ]);
  expect(planned.verdicts[0]).toMatchObject({ bytes: 1e9, expect: { id: "layer", usageCount: 1 } });
});

test("so much of what was used last stays, whatever its age", () => {
  expect(verdicts(plan([record("a", 50), record("b", 40), record("c", 30)], { keep: "2GB" }))).toEqual({
    a: "remove: unused",
    b: "keep: reserved",
    c: "keep: reserved",
  });
});

test("all of it waits while a record is in use or was a moment ago, and while the list is not known", () => {
  const old = record("old", 40);
  const lately = record("lately", 0, { lastUsedAt: NOW - 9 * MINUTE_MS });

  expect(verdicts(plan([old, record("busy", 40, { inUse: true })]))).toMatchObject({
    old: "wait: build-under-way",
  });
  expect(verdicts(plan([old, lately]))).toMatchObject({ old: "wait: build-under-way" });
  expect(verdicts(plan([old], {}, [{ section: "buildCache", error: "not measured" }]))).toEqual({
    old: "refuse: inventory-incomplete",
  });
});
