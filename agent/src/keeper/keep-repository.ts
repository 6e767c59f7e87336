/**
 * Retention of repositories from which hosts cannot delete. One program with rights of its own, where the repository is,
 * decides for all hosts in it, by the planner that decides on hosts. It needs neither agent nor engine.
 */
import { errorChain, type Instant } from "@shipkeeper/kit";
import {
  explainRetain,
  judgeGroup,
  restorePointVerdict,
  type JudgedRestorePoint,
  type KeepOfRepository,
  type ListedRestorePoint,
} from "@shipkeeper/policy";
import { ResticProblem, type Restic } from "@shipkeeper/restic";
import { listRepository } from "../list-repository.ts";
import type { KnownOfRepository } from "./ask-collector.ts";

export interface KeepRequest {
  readonly restic: Restic;
  readonly repository: string;
  readonly keep: KeepOfRepository;
  /** Undefined where there is no collector to ask. */
  readonly known: KnownOfRepository | undefined;
  readonly now: Instant;
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly tell: (said: KeeperSaid) => void;
}

/** What became of one restore point. */
export interface KeeperSaid {
  readonly repository: string;
  readonly hostId: string;
  readonly dataset: string;
  readonly restorePoint: string;
  readonly at: Instant;
  readonly decision: "forget" | "keep" | "refuse";
  readonly why: string;
  /** Where it could not be forgotten. */
  readonly error?: string;
}

export interface KeepOutcome {
  readonly forgotten: number;
  /** Also where nothing new comes. */
  readonly kept: number;
  /** Would go, but something about its group is odd. */
  readonly refused: number;
  readonly failed: number;
}

/** Throws `ResticProblem` where the repository cannot be listed or pruned. */
export async function keepRepository(request: KeepRequest): Promise<KeepOutcome> {
  const { restic, repository, known, dryRun, signal, tell } = request;
  const sizes = known?.sizes ?? new Map();
  const listing = await listRepository({ repository, appendOnly: false, restic, sizes, signal });
  if (listing.problem !== undefined) throw new ResticProblem("restic_failed", listing.problem);

  const groups = Map.groupBy(listing.points, ({ hostId, dataset, rule = "" }) =>
    [hostId, dataset, rule].join("\n"),
  );
  const counts = { forgotten: 0, kept: 0, refused: 0, failed: 0 };
  for (const points of groups.values()) {
    for (const judged of (await judge(points, request)).toReversed()) {
      signal.throwIfAborted();
      const error = judged.decision === "forget" && !dryRun ? await forget(judged, request) : undefined;
      tell(saidOf(repository, judged, error));
      counts[error === undefined ? countedAs(judged) : "failed"] += 1;
    }
  }
  if (counts.forgotten > 0 && !dryRun) await restic.prune(repository, signal);
  return counts;
}

/** What nothing new comes to is left as it is, and nobody needs to look. */
function countedAs({ decision, reason }: JudgedRestorePoint): "forgotten" | "kept" | "refused" {
  if (decision === "forget") return "forgotten";
  return decision === "keep" || reason.why === "nothing-recent" ? "kept" : "refused";
}

/** Where nobody told sizes, the newest two are measured before anything goes: one that shrank by half stops it. */
async function judge(
  points: readonly ListedRestorePoint[],
  request: KeepRequest,
): Promise<JudgedRestorePoint[]> {
  const { repository, restic, keep, known, now, signal } = request;
  const [first] = points;
  const proofs = (known?.proofs.get(first?.hostId ?? "") ?? []).filter(
    ({ dataset }) => dataset === undefined || dataset === first?.dataset,
  );
  const judged = judgeGroup({ repository, points, proofs }, keep, now);
  if (!judged.some(({ decision }) => decision === "forget")) return judged;

  const newest = judged.map(({ point }) => point).filter(({ at }) => at <= now);
  const measured = new Map<string, ListedRestorePoint>();
  for (const point of newest.slice(0, 2)) {
    if (point.size !== undefined) continue;
    const { bytes } = await restic.sizeOf(repository, [point.id], signal);
    measured.set(point.id, { ...point, size: { bytes, files: bytes === 0 ? 0 : 1 } });
  }
  if (measured.size === 0) return judged;
  const sized = points.map((point) => measured.get(point.id) ?? point);
  return judgeGroup({ repository, points: sized, proofs }, keep, now);
}

async function forget({ point }: JudgedRestorePoint, request: KeepRequest): Promise<string | undefined> {
  const { restic, repository, signal } = request;
  try {
    await restic.forgetOne(repository, point.id, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return errorChain(error);
  }
}

function saidOf(repository: string, judged: JudgedRestorePoint, error: string | undefined): KeeperSaid {
  const { point, decision } = judged;
  const { hostId, dataset, id, at } = point;
  const why = explainRetain(restorePointVerdict(judged));
  const said = { repository, hostId, dataset, restorePoint: id, at, decision, why };
  return error === undefined ? said : { ...said, error };
}
