import { InvalidInput, errorChain, formatInstant, type Instant } from "@shipkeeper/kit";
import { tag, tagOf, type Restic, type Snapshot } from "@shipkeeper/restic";

export interface FoundRestorePoint {
  readonly repository: string;
  readonly snapshot: Snapshot;
}

/** By the beginning of its id, or the newest of a dataset that is not after a time. */
export type WantedRestorePoint =
  | string
  | {
      readonly dataset: string;
      /** Now where undefined. */
      readonly at?: Instant | undefined;
      /** Whose dataset it is, where repositories hold several hosts'. */
      readonly hostId?: string | undefined;
    };

const MOST_LISTED = 20;

/**
 * The one restore point that is wanted, in whichever repository. The same one may lie in several repositories by copying;
 * then the first is taken. Throws `InvalidInput` that lists what exists where none matches, or several that differ.
 */
export async function findRestorePoint(
  wanted: WantedRestorePoint,
  restic: Pick<Restic, "repositoryNames" | "snapshots">,
  signal: AbortSignal,
): Promise<FoundRestorePoint> {
  if (typeof wanted === "string" && !/^[0-9a-f]{4,64}$/.test(wanted)) {
    throw new InvalidInput("no restore point id", [`${JSON.stringify(wanted)} is not 4 to 64 hex digits`]);
  }
  const { existing, problems } = await listAll(wanted, restic, signal);
  const matches =
    typeof wanted === "string"
      ? existing.filter(({ snapshot }) => snapshot.id.startsWith(wanted))
      : newestOf(existing, wanted);

  const [first] = matches;
  if (first !== undefined && new Set(matches.map(identityOf)).size === 1) return first;
  const none = matches.length === 0;
  const verb = typeof wanted === "string" ? (none ? "begins" : "begin") : none ? "fits" : "fit";
  const what = typeof wanted === "string" ? `with ${wanted}` : describeWanted(wanted);
  throw new InvalidInput(`${none ? "no restore point" : "several restore points"} ${verb} ${what}`, [
    ...problems,
    list(none ? existing : matches),
  ]);
}

async function listAll(
  wanted: WantedRestorePoint,
  restic: Pick<Restic, "repositoryNames" | "snapshots">,
  signal: AbortSignal,
) {
  const filter =
    typeof wanted === "string"
      ? {}
      : {
          tags: [tag("dataset", wanted.dataset)],
          ...(wanted.hostId !== undefined && { hostId: wanted.hostId }),
        };
  const problems: string[] = [];
  const existing: FoundRestorePoint[] = [];
  for (const repository of restic.repositoryNames) {
    try {
      const snapshots = await restic.snapshots(repository, filter, signal);
      existing.push(...snapshots.map((snapshot) => ({ repository, snapshot })));
    } catch (error) {
      signal.throwIfAborted();
      problems.push(errorChain(error)); // another repository may have it
    }
  }
  return { existing, problems };
}

/** The newest of each host not after the time: whose is meant is not guessed. */
function newestOf(
  existing: readonly FoundRestorePoint[],
  { at = Number.MAX_SAFE_INTEGER }: { readonly at?: Instant | undefined },
): FoundRestorePoint[] {
  const byHost = Map.groupBy(
    existing.filter(({ snapshot }) => snapshot.at <= at),
    ({ snapshot }) => snapshot.hostname,
  );
  return [...byHost.values()].flatMap((points) => {
    const newestAt = Math.max(...points.map(({ snapshot }) => snapshot.at));
    return points.filter(({ snapshot }) => snapshot.at === newestAt);
  });
}

/** A copy of a restore point has an id of its own, and the host and the time of the first. */
function identityOf({ snapshot }: FoundRestorePoint): string {
  return tagOf(snapshot, "run") === undefined
    ? snapshot.id
    : [snapshot.hostname, snapshot.at, tagOf(snapshot, "dataset"), tagOf(snapshot, "run")].join("\n");
}

function describeWanted({ dataset, at, hostId }: Exclude<WantedRestorePoint, string>): string {
  const until = at === undefined ? "" : ` not after ${formatInstant(at)}`;
  return `${dataset}${hostId === undefined ? "" : ` of host ${hostId}`}${until}`;
}

function list(points: readonly FoundRestorePoint[]): string {
  if (points.length === 0) return "no repository that could be read holds any";
  const newest = points.toSorted((a, b) => b.snapshot.at - a.snapshot.at);
  const lines = newest.slice(0, MOST_LISTED).map(({ repository, snapshot }) => {
    const dataset = tagOf(snapshot, "dataset") ?? "unknown";
    const host = snapshot.hostname === "" ? "" : ` of host ${snapshot.hostname}`;
    return `${snapshot.id.slice(0, 8)}  ${formatInstant(snapshot.at)}  ${dataset}${host}  in ${repository}`;
  });
  const more = points.length > MOST_LISTED ? [`and ${points.length - MOST_LISTED} older ones`] : [];
  return `there are\n  ${[...lines, ...more].join("\n  ")}`;
}
