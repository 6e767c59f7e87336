import { errorChain } from "@shipkeeper/kit";
import { ruleKey, type ListedRestorePoint, type RestorePointListing } from "@shipkeeper/policy";
import type { RestorePoint } from "@shipkeeper/protocol";
import { tagOf, type Repositories, type Restic, type Snapshot } from "@shipkeeper/restic";

export interface ListRepository {
  readonly repository: string;
  readonly repositories: Repositories;
  /** Undefined where this host has no restic. */
  readonly restic: Pick<Restic, "snapshots"> | undefined;
  /** What was measured when they were made. */
  readonly known: readonly RestorePoint[];
  readonly signal: AbortSignal;
}

/** Everything of Shipkeeper's in a repository, of all hosts. Rejects only where the signal aborts. */
export async function listRepository(request: ListRepository): Promise<RestorePointListing> {
  const { repository, repositories, restic, known, signal } = request;
  if (repositories[repository]?.appendOnly === true) return { appendOnly: true, points: [] };
  const none = { appendOnly: false, points: [] };
  if (restic === undefined) return { ...none, problem: "there is no restic on this host" };
  try {
    const sizes = new Map(known.map(({ id, bytes, files }) => [id, { bytes, files }]));
    const snapshots = await restic.snapshots(repository, {}, signal);
    return { appendOnly: false, points: snapshots.map((one) => listedOf(one, sizes.get(one.id))) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...none, problem: errorChain(error) };
  }
}

function listedOf(snapshot: Snapshot, size: ListedRestorePoint["size"]): ListedRestorePoint {
  const [policy, rule] = [tagOf(snapshot, "policy"), tagOf(snapshot, "rule")];
  const { id, at, hostname } = snapshot;
  return {
    id,
    at,
    hostId: hostname,
    dataset: tagOf(snapshot, "dataset") ?? "",
    ...(policy !== undefined && rule !== undefined && { rule: ruleKey(policy, rule) }),
    size,
  };
}
