import { MINUTE_MS } from "@shipkeeper/kit";
import { isComplete, type BuildCacheRecord } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { expectBuildCache } from "../expectation.ts";
import { buildCacheTarget } from "../target.ts";
import { byAge } from "./idle-since.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneReason } from "./reason.ts";
import type { PruneSpec } from "./spec.ts";

type BuildCacheSpec = NonNullable<PruneSpec["buildCache"]>;

/** Between two steps of a build no record is in use. Who used one so lately may be building. */
export const BUILD_QUIET_MS = 10 * MINUTE_MS;

/** The record of a build that is, or may be, under way. */
export function recordAtWork(
  records: readonly BuildCacheRecord[],
  now: number,
): BuildCacheRecord | undefined {
  return records.find((record) => record.inUse || (usedAt(record) ?? 0) > now - BUILD_QUIET_MS);
}

/**
 * A verdict for every record, the longest unused first and each after those that are built on it; none where the rule
 * is not about build cache.
 */
export function judgeBuildCache({ buildCache: spec }: PruneSpec, world: World): PruneVerdict[] {
  if (spec === undefined) return [];
  const { inventory, now } = world;
  const records = [...inventory.buildCache].sort(byAge((record) => [usedAt(record), record.id]));
  const together = (decision: "refuse" | "wait", reason: PruneReason) =>
    records.map((record): PruneVerdict => ({ target: buildCacheTarget(record), decision, reason }));

  if (!isComplete(inventory, "buildCache")) {
    return together("refuse", { why: "inventory-incomplete", section: "buildCache" });
  }
  const busy = recordAtWork(records, now);
  if (busy !== undefined) return together("wait", { why: "build-under-way", by: busy.description });

  const reserved = reservedRecords(records, spec.keep ?? 0);
  const judged = new Map<string, PruneVerdict>();
  for (const record of childrenFirst(records)) {
    const child = records.find(
      ({ id, parents = [] }) => parents.includes(record.id) && judged.get(id)?.decision !== "remove",
    );
    const reason = reserved.has(record.id)
      ? ({ why: "reserved", keepBytes: spec.keep ?? 0 } as const)
      : reasonToKeep(spec, record, child, now);
    judged.set(record.id, verdictOn(spec, record, reason, now));
  }
  return [...judged.values()];
}

function reasonToKeep(
  { unusedFor }: BuildCacheSpec,
  record: BuildCacheRecord,
  child: BuildCacheRecord | undefined,
  now: number,
): PruneReason | undefined {
  // An image holds its bytes: to remove it would cost a build its cache and free nothing.
  if (record.shared) return { why: "shared" };
  const used = usedAt(record);
  if (used === undefined) return { why: "age-unknown" };
  if (now - used < unusedFor) return { why: "used-recently", unusedForMs: now - used, limitMs: unusedFor };
  return child === undefined ? undefined : { why: "needed-by", record: child.description };
}

function verdictOn(
  { unusedFor }: BuildCacheSpec,
  record: BuildCacheRecord,
  kept: PruneReason | undefined,
  now: number,
): PruneVerdict {
  const target = buildCacheTarget(record);
  if (kept !== undefined) return { target, decision: "keep", reason: kept };
  const unusedForMs = now - (usedAt(record) ?? now);
  return {
    target,
    decision: "remove",
    reason: { why: "unused", unusedForMs, limitMs: unusedFor },
    expect: expectBuildCache(record),
  };
}

/** The records that were used last, as many as fit into `keepBytes`. `records` come longest unused first. */
function reservedRecords(records: readonly BuildCacheRecord[], keepBytes: number): ReadonlySet<string> {
  const reserved = new Set<string>();
  let left = keepBytes;
  for (const { id, sizeBytes, shared } of records.toReversed()) {
    left -= shared ? 0 : sizeBytes;
    if (left < 0) break;
    reserved.add(id);
  }
  return keepBytes === 0 ? new Set() : reserved;
}

/** The engine removes no record while another is built on it. */
function childrenFirst(records: readonly BuildCacheRecord[]): BuildCacheRecord[] {
  const children = new Map<string, BuildCacheRecord[]>();
  for (const record of records) {
    for (const parent of record.parents ?? [])
      children.set(parent, [...(children.get(parent) ?? []), record]);
  }
  const ordered = new Set<BuildCacheRecord>();
  const met = new Set<string>();
  const visit = (record: BuildCacheRecord) => {
    if (met.has(record.id)) return;
    met.add(record.id);
    for (const child of children.get(record.id) ?? []) visit(child);
    ordered.add(record);
  };
  for (const record of records) visit(record);
  return [...ordered];
}

function usedAt({ lastUsedAt, createdAt }: BuildCacheRecord): number | undefined {
  return lastUsedAt ?? createdAt;
}
