/** What is known of the restore points of a repository, from what restic says of them and what was measured. */
import type { RunId } from "@shipkeeper/model";
import type { RestorePoint } from "@shipkeeper/protocol";
import { tagOf, type Restic, type Snapshot } from "@shipkeeper/restic";
import { dumpMadeOf } from "../dump/make-dump.ts";
import type { ActContext } from "./action-context.ts";

type Sizes = Pick<RestorePoint, "bytes" | "files" | "addedBytes">;

export function restorePointOf(
  snapshot: Snapshot,
  repository: string,
  { bytes, files, addedBytes }: Sizes = { bytes: 0, files: 0 },
): RestorePoint {
  const { id, at } = snapshot;
  const tagged = (name: string) => tagOf(snapshot, name);
  const [runId, policy, rule] = [tagged("run"), tagged("policy"), tagged("rule")];
  const dump = dumpMadeOf(snapshot);
  return {
    id,
    at,
    repository,
    dataset: tagged("dataset") ?? "",
    bytes,
    files,
    ...(addedBytes !== undefined && { addedBytes }),
    ...(runId !== undefined && { runId: runId as RunId }),
    ...(policy !== undefined && { policy }),
    ...(rule !== undefined && { rule }),
    ...(dump !== undefined && { dump }),
  };
}

/** Asks what the repository holds, remembers it and tells the collector. Undefined where it does not answer. */
export async function tellRestorePoints(
  repository: string,
  restic: Restic,
  context: ActContext,
): Promise<RestorePoint[] | undefined> {
  try {
    const points = await pointsIn(repository, restic, context);
    context.restorePoints.replace(repository, points, context.clock());
    context.tellRestorePoints(repository, points);
    return points;
  } catch (error) {
    context.log.warn({ error, repository }, "cannot list the restore points of a repository");
    return undefined;
  }
}

/** restic opens a repository for about a second: where the files' names tell nothing that is not known it is not asked. */
async function pointsIn(
  repository: string,
  restic: Restic,
  { restorePoints, hostId, signal }: ActContext,
): Promise<RestorePoint[]> {
  const known = new Map<string, RestorePoint>(restorePoints.of(repository).map((point) => [point.id, point]));
  const held = await restic.heldIds(repository);
  const areAllKnown = held !== undefined && [...held].every((id) => known.has(id));
  if (areAllKnown) return [...known.values()].filter(({ id }) => held.has(id));
  const listed = await restic.snapshots(repository, { hostId }, signal);
  return listed.map((snapshot) => ({
    ...restorePointOf(snapshot, repository),
    ...sizesOf(known.get(snapshot.id)),
  }));
}

/** Up to 0.16 restic does not list sizes: what was measured when it was made is remembered. */
function sizesOf(known: RestorePoint | undefined): Partial<RestorePoint> {
  if (known === undefined) return {};
  const { bytes, files, addedBytes } = known;
  return { bytes, files, ...(addedBytes !== undefined && { addedBytes }) };
}
