/**
 * Which volumes are backed up where. Owns the choice; how a repository is reached, and how data is made consistent,
 * is not known here. An incomplete list only hides volumes: the ones that were seen are backed up all the same.
 */
import type { Volume } from "@shipkeeper/model";
import { volumeDataset } from "../../dataset/dataset.ts";
import { selectsVolume } from "../../language/select.ts";
import type { KnownRestorePoint, World } from "../../round/world.ts";
import type { Plan, VerdictFor } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import { expectVolume } from "../expectation.ts";
import { protectsVolume } from "../never-touch.ts";
import { volumeTarget } from "../target.ts";
import type { BackupReason } from "./reason.ts";
import type { BackupSpec } from "./spec.ts";

export type BackupVerdict = VerdictFor<BackupReason>;

/** A verdict for every volume that stays out, and one for each repository of those that are selected. */
export function planBackup(spec: BackupSpec, world: World): Plan {
  const idle: BackupVerdict[] = [];
  const steps: { lastAt: number; verdict: BackupVerdict }[] = [];

  const volumes = [...world.inventory.volumes].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const volume of volumes) {
    const left = reasonToLeave(spec, world, volume);
    if (left !== undefined) {
      const decision = left.why === "never-touch" ? "refuse" : "keep";
      idle.push({ target: volumeTarget(volume), decision, reason: left });
      continue;
    }
    for (const repository of new Set(spec.to)) {
      if (!world.repositories.includes(repository)) {
        const reason: BackupReason = { why: "repository-unknown", repository };
        idle.push({ target: volumeTarget(volume), decision: "refuse", reason });
        continue;
      }
      const last = newestRestorePoint(world.ledger.restorePoints, volume, repository);
      steps.push({ lastAt: last?.at ?? -Infinity, verdict: backUp(volume, repository, last, world.now) });
    }
  }

  // Where the last restore point is oldest, most would be lost: it goes first, should the run be cut short.
  steps.sort((a, b) => (a.lastAt === b.lastAt ? 0 : a.lastAt - b.lastAt));
  return { kind: "backup", verdicts: [...steps.map(({ verdict }) => verdict), ...idle] };
}

function reasonToLeave({ select }: BackupSpec, world: World, volume: Volume): BackupReason | undefined {
  const protectedBy = protectsVolume(world.guardrails.neverTouch, volume);
  if (protectedBy !== undefined) return { why: "never-touch", by: protectedBy };
  if (!selectsVolume({ names: select.volumes, labels: select.labels }, volume))
    return { why: "not-selected" };
  const exception = exceptionFor(world, volumeTarget(volume));
  if (exception !== undefined) return exception;
  if (volume.driver !== "local") return { why: "driver", driver: volume.driver };
  // Its name is random, so that a pattern hits it by chance; a label was written on purpose.
  if (volume.anonymous && select.labels === undefined) return { why: "anonymous" };
  return undefined;
}

function backUp(
  volume: Volume,
  repository: string,
  last: KnownRestorePoint | undefined,
  now: number,
): BackupVerdict {
  return {
    target: volumeTarget(volume),
    decision: "back-up",
    reason:
      last === undefined
        ? { why: "no-restore-point", repository }
        : { why: "due", repository, lastAt: last.at, ageMs: Math.max(0, now - last.at) },
    expect: { ...expectVolume(volume), repository },
    ...(volume.sizeBytes === undefined ? {} : { bytes: volume.sizeBytes }),
  };
}

function newestRestorePoint(
  points: readonly KnownRestorePoint[],
  { name }: Volume,
  repository: string,
): KnownRestorePoint | undefined {
  return points
    .filter((point) => point.dataset === volumeDataset(name) && point.repository === repository)
    .reduce<KnownRestorePoint | undefined>(
      (newest, point) => (newest === undefined || point.at > newest.at ? point : newest),
      undefined,
    );
}
