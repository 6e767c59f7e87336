/** Which datasets have some of their files compared with the source: those whose last comparison is oldest first. */
import { newestOfEach } from "@shipkeeper/kit";
import { isComplete, type Volume } from "@shipkeeper/model";
import { readDatasetId, type Dataset } from "../../dataset/dataset.ts";
import { rungOf } from "../../dataset/rung.ts";
import type { World } from "../../round/world.ts";
import { exceptionFor } from "../exception.ts";
import { protectsVolume } from "../never-touch.ts";
import { datasetTarget } from "../target.ts";
import type { VerifyReason } from "./reason.ts";
import type { VerifyVerdict } from "./repositories.ts";
import type { VerifySpec } from "./spec.ts";

/** Each is a restore of some files; the next look goes on with the rest. */
const MOST_SAMPLES = 16;

/** A verdict for every dataset that the backup rule has a restore point of, in each repository. */
export function planDatasets(spec: VerifySpec, world: World, backupRule: string): VerifyVerdict[] {
  const points = newestOfEach(
    world.ledger.restorePoints
      .filter(({ rule, repository }) => rule === backupRule && spec.to.includes(repository))
      .filter(({ repository }) => world.repositories.includes(repository)),
    ({ repository, dataset }) => `${repository} ${dataset}`,
  );
  const due: { lastAt: number; verdict: VerifyVerdict }[] = [];
  const idle: VerifyVerdict[] = [];

  for (const point of points) {
    const { repository, dataset: id } = point;
    const dataset = readDatasetId(id);
    if (dataset === undefined) continue; // of another version, which knows what it is
    const target = datasetTarget(dataset, volumeOf(dataset, world)?.owner);
    const left = reasonToLeave(dataset, repository, world);
    if (left !== undefined) {
      idle.push({ target, decision: left.why === "never-touch" ? "refuse" : "keep", reason: left });
      continue;
    }
    const last = rungOf(world.ledger.proofs, { level: "sample", repository, dataset: id }, world.now).newest;
    const ageMs = world.now - (last?.at ?? -Infinity);
    if (last !== undefined && ageMs < spec.sample) {
      const reason: VerifyReason = { why: "fresh", repository, ageMs, nextAt: last.at + spec.sample };
      idle.push({ target, decision: "keep", reason });
      continue;
    }
    const reason: VerifyReason =
      last === undefined ? { why: "never-compared", repository } : { why: "sample-due", repository, ageMs };
    const expect = { repository, restorePoint: point.id };
    due.push({ lastAt: last?.at ?? -Infinity, verdict: { target, decision: "sample", reason, expect } });
  }

  due.sort((a, b) => (a.lastAt === b.lastAt ? 0 : a.lastAt - b.lastAt));
  return [...due.map(({ verdict }, index) => (index < MOST_SAMPLES ? verdict : later(verdict))), ...idle];
}

function later({ target, expect }: VerifyVerdict): VerifyVerdict {
  const repository = String(expect?.["repository"]);
  return { target, decision: "wait", reason: { why: "run-full", repository, most: MOST_SAMPLES } };
}

function volumeOf({ kind, name }: Dataset, { inventory }: World): Volume | undefined {
  return kind === "volume" ? inventory.volumes.find((volume) => volume.name === name) : undefined;
}

/** Why nothing can be compared. A list with gaps does not tell that a volume is gone: the step finds out. */
function reasonToLeave(dataset: Dataset, repository: string, world: World): VerifyReason | undefined {
  if (dataset.kind === "bind") return undefined;
  if (dataset.kind !== "volume") return { why: "no-source", repository };
  const exception = exceptionFor(world, datasetTarget(dataset, undefined));
  if (exception !== undefined) return { ...exception, repository };
  const volume = volumeOf(dataset, world);
  if (volume === undefined) {
    return isComplete(world.inventory, "volumes") ? { why: "source-gone", repository } : undefined;
  }
  const by = protectsVolume(world.guardrails.neverTouch, volume);
  return by === undefined ? undefined : { why: "never-touch", repository, by };
}
