import { InvalidInput, errorChain, formatInstant } from "@shipkeeper/kit";
import { type Restic, type Snapshot, tagOf } from "@shipkeeper/restic";

export interface FoundRestorePoint {
  readonly repository: string;
  readonly snapshot: Snapshot;
}

const MOST_LISTED = 20;

/**
 * The one restore point whose id begins so, in whichever repository. The same one may lie in several repositories by
 * copying; then the first is taken. Throws `InvalidInput` that lists what exists where none or several match.
 */
export async function findRestorePoint(
  idPrefix: string,
  restic: Pick<Restic, "repositoryNames" | "snapshots">,
  signal: AbortSignal,
): Promise<FoundRestorePoint> {
  if (!/^[0-9a-f]{4,64}$/.test(idPrefix)) {
    throw new InvalidInput("no restore point id", [`${JSON.stringify(idPrefix)} is not 4 to 64 hex digits`]);
  }
  const problems: string[] = [];
  const existing: FoundRestorePoint[] = [];
  for (const repository of restic.repositoryNames) {
    try {
      const snapshots = await restic.snapshots(repository, {}, signal);
      existing.push(...snapshots.map((snapshot) => ({ repository, snapshot })));
    } catch (error) {
      signal.throwIfAborted();
      problems.push(errorChain(error)); // another repository may have it
    }
  }

  const matches = existing.filter(({ snapshot }) => snapshot.id.startsWith(idPrefix));
  const [first] = matches;
  const isOne = new Set(matches.map(({ snapshot }) => snapshot.id)).size === 1;
  if (first !== undefined && isOne) return first;
  throw new InvalidInput(
    matches.length === 0
      ? `no restore point begins with ${idPrefix}`
      : `several restore points begin with ${idPrefix}`,
    [...problems, list(matches.length === 0 ? existing : matches)],
  );
}

function list(points: readonly FoundRestorePoint[]): string {
  if (points.length === 0) return "no repository that could be read holds any";
  const newest = points.toSorted((a, b) => b.snapshot.at - a.snapshot.at);
  const lines = newest.slice(0, MOST_LISTED).map(({ repository, snapshot }) => {
    const dataset = tagOf(snapshot, "dataset") ?? "unknown";
    return `${snapshot.id.slice(0, 8)}  ${formatInstant(snapshot.at)}  ${dataset}  in ${repository}`;
  });
  const more = points.length > MOST_LISTED ? [`and ${points.length - MOST_LISTED} older ones`] : [];
  return `there are\n  ${[...lines, ...more].join("\n  ")}`;
}
