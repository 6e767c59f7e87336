import { errorChain } from "@shipkeeper/kit";
import {
  ruleKey,
  type ListedRestorePoint,
  type RestorePointListing,
  type RestorePointSize,
} from "@shipkeeper/policy";
import { tagOf, type Restic, type Snapshot } from "@shipkeeper/restic";

export interface ListRepository {
  readonly repository: string;
  readonly appendOnly: boolean;
  /** Undefined where this host has no restic. */
  readonly restic: Pick<Restic, "snapshots"> | undefined;
  /** By id, where it was measured. */
  readonly sizes: ReadonlyMap<string, RestorePointSize>;
  readonly signal: AbortSignal;
}

/** Everything of Shipkeeper's in a repository, of all hosts. Rejects only where the signal aborts. */
export async function listRepository(request: ListRepository): Promise<RestorePointListing> {
  const { repository, appendOnly, restic, sizes, signal } = request;
  if (appendOnly) return { appendOnly: true, points: [] };
  const none = { appendOnly: false, points: [] };
  if (restic === undefined) return { ...none, problem: "there is no restic on this host" };
  try {
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
