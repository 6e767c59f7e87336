/** A lost host, by what a repository holds of it alone: its id or its name is enough. */
import { InvalidInput, formatInstant, newestOfEach, type Instant } from "@shipkeeper/kit";
import { HOST_DATASET, type RecoveryPoint } from "@shipkeeper/policy";
import { tag, tagOf, type Restic, type Snapshot } from "@shipkeeper/restic";
import { dumpMadeOf } from "../dump/make-dump.ts";
import { HOST_NAME_TAG } from "../keep-host-bundle.ts";

export interface LostHost {
  readonly hostId: string;
  /** Of its configuration. */
  readonly configuration: RecoveryPoint;
  /** Of each of its datasets the newest that is not after the time. */
  readonly points: readonly RecoveryPoint[];
}

export interface WantedHost {
  readonly repository: string;
  /** Its id, or the name that it had. */
  readonly host: string;
  readonly at?: Instant | undefined;
}

/** Throws `InvalidInput` that lists the hosts whose configuration the repository holds, where none or several are meant. */
export async function findLostHost(
  { repository, host, at = Number.MAX_SAFE_INTEGER }: WantedHost,
  restic: Pick<Restic, "snapshots">,
  signal: AbortSignal,
): Promise<LostHost> {
  const tags = [tag("dataset", HOST_DATASET)];
  const listed = await restic.snapshots(repository, { tags }, signal);
  const configurations = listed.filter((snapshot) => snapshot.at <= at);
  const meant = configurations.filter((one) => one.hostname === host || tagOf(one, HOST_NAME_TAG) === host);
  const ids = [...new Set(meant.map(({ hostname }) => hostname))];
  const [hostId] = ids;
  if (hostId === undefined || ids.length > 1) {
    const what = hostId === undefined ? "no configuration of a host" : "several hosts called";
    throw new InvalidInput(`repository ${repository} holds ${what} ${host}`, describeHosts(configurations));
  }
  const points = newestPoints(
    (await restic.snapshots(repository, { hostId }, signal)).filter((one) => one.at <= at),
  );
  const configuration = points.find(({ dataset }) => dataset === HOST_DATASET);
  if (configuration === undefined) throw new InvalidInput(`the configuration of host ${host} is gone`, []);
  return { hostId, configuration, points };
}

function newestPoints(snapshots: readonly Snapshot[]): RecoveryPoint[] {
  const points = snapshots.flatMap((snapshot): RecoveryPoint[] => {
    const { id: restorePoint, at } = snapshot;
    const dataset = tagOf(snapshot, "dataset");
    const dump = dumpMadeOf(snapshot);
    return dataset === undefined ? [] : [{ dataset, restorePoint, at, ...(dump && { dump }) }];
  });
  return newestOfEach(points, ({ dataset }) => dataset);
}

function describeHosts(configurations: readonly Snapshot[]): string[] {
  const newest = new Map(configurations.toSorted((a, b) => a.at - b.at).map((one) => [one.hostname, one]));
  if (newest.size === 0) return ["it holds none of any host at that time"];
  return [...newest.values()].map(
    (one) =>
      `it holds that of ${tagOf(one, HOST_NAME_TAG) ?? "a host"} (${one.hostname}) of ${formatInstant(one.at)}`,
  );
}
