/**
 * Volumes hold data, and nothing brings back what was in one. One goes only where everything agrees: the engine's books
 * and our own look at all containers, the age, a restore point newer than the last use, and for a named one the policy
 * and the host's guardrails by name.
 */
import { firstMatch } from "@shipkeeper/kit";
import { isComplete, type Volume } from "@shipkeeper/model";
import { volumeDataset } from "../../dataset/dataset.ts";
import type { KnownRestorePoint, World } from "../../round/world.ts";
import { exceptionFor } from "../exception.ts";
import { expectVolume, type Expectation } from "../expectation.ts";
import { protectsVolume } from "../never-touch.ts";
import { volumeTarget } from "../target.ts";
import { exceptedBy } from "./excepted.ts";
import { byAge, idleSince } from "./idle-since.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneReason } from "./reason.ts";
import type { PruneSpec } from "./spec.ts";

type VolumesSpec = NonNullable<PruneSpec["volumes"]>;

/** A verdict for every volume, the longest orphaned first; none where the rule is not about volumes. */
export function judgeVolumes({ volumes: spec }: PruneSpec, world: World): PruneVerdict[] {
  if (spec === undefined) return [];
  const section = (["containers", "volumes"] as const).find((needed) => !isComplete(world.inventory, needed));
  return [...world.inventory.volumes].sort(byAge(({ name }) => [since(world, name), name])).map((volume) => {
    const target = volumeTarget(volume);
    if (section === undefined) return judgeVolume(spec, world, volume);
    return { target, decision: "refuse", reason: { why: "inventory-incomplete", section } };
  });
}

function judgeVolume(spec: VolumesSpec, world: World, volume: Volume): PruneVerdict {
  const target = volumeTarget(volume);
  const keep = (reason: PruneReason): PruneVerdict => ({ target, decision: "keep", reason });

  const kept = reasonToKeep(spec, world, volume);
  if (kept !== undefined) return keep(kept);
  if (!volume.anonymous && firstMatch(world.guardrails.allow.volumes, [volume.name]) === undefined) {
    return { target, decision: "refuse", reason: { why: "not-allowed", by: "guardrails allow.volumes" } };
  }

  const orphanedAt = idleSince(since(world, volume.name), volume, world.now);
  if (orphanedAt === undefined) return keep({ why: "not-remembered" });
  const orphanedForMs = world.now - orphanedAt;
  const limitMs = spec.orphanedFor;
  if (orphanedForMs < limitMs) return keep({ why: "orphaned-recently", orphanedForMs, limitMs });

  const proof = proofFor(volume, world.ledger.restorePoints, orphanedAt);
  if (proof === undefined) return keep({ why: "no-restore-point", orphanedForMs });
  return {
    target,
    decision: "remove",
    reason: { why: "orphaned", orphanedForMs, limitMs },
    expect: { ...expectVolume(volume), ...proof },
  };
}

function reasonToKeep(spec: VolumesSpec, world: World, volume: Volume): PruneReason | undefined {
  const { guardrails, inventory } = world;
  const { name, driver, anonymous, users, refCount = 0, labels } = volume;
  const protectedBy = protectsVolume(guardrails.neverTouch, volume);
  if (protectedBy !== undefined) return { why: "never-touch", by: protectedBy };
  if (driver !== "local") return { why: "not-local", driver };
  const [user] = users;
  if (user !== undefined) {
    return { why: "in-use", by: inventory.containers.find(({ id }) => id === user)?.name ?? user };
  }
  if (refCount > 0) return { why: "in-use", by: "a container, by the engine's books" };
  if (!anonymous && firstMatch(spec.named, [name]) === undefined) return { why: "named-volume" };
  const exception = exceptionFor(world, volumeTarget(volume));
  if (exception !== undefined) return exception;
  const spared = exceptedBy(spec, [name], labels);
  return spared === undefined ? undefined : { why: "excepted", by: spared };
}

/**
 * What lets the data go: nothing is in it, or a restore point that its repository listed holds what was there when the
 * last container let go. The step looks for the same once more.
 */
function proofFor(
  { name, sizeBytes }: Volume,
  points: readonly KnownRestorePoint[],
  orphanedAt: number,
): Expectation | undefined {
  if (sizeBytes === 0) return { empty: true };
  const point = points.find(
    ({ dataset, at, verifiedAt }) =>
      dataset === volumeDataset(name) && at > orphanedAt && verifiedAt !== undefined,
  );
  return point === undefined ? undefined : { restorePoint: point.id, restorableFrom: point.repository };
}

const since = ({ ledger }: World, name: string) => ledger.orphans.volumes.get(name);
