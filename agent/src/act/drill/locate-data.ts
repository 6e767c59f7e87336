/** What of a repository a drill restores: the newest restore point of its dataset, and what else its application works on. */
import { newest } from "@shipkeeper/kit";
import type { Container, Mount } from "@shipkeeper/model";
import { datasetId, mountOf, readDatasetId, type DatasetId } from "@shipkeeper/policy";
import { tagOf, type Restic, type Snapshot } from "@shipkeeper/restic";
import { wantsFolder } from "./application.ts";

export interface WantedData {
  readonly dataset: DatasetId;
  readonly repository: string;
  /** What is tried out on the data. */
  readonly source: Pick<Container, "mounts"> | undefined;
  readonly hostId: string;
}

export interface LocatedData {
  readonly snapshot: Snapshot;
  /** Other data of the application that the same repository has, and where the application finds it. */
  readonly beside: readonly { readonly destinations: readonly string[]; readonly snapshot: Snapshot }[];
  /** Its other mounts: the repository has nothing of them, or they are single files. */
  readonly empty: readonly Mount[];
}

/** Throws where the repository holds no restore point of the dataset. */
export async function locateData(
  { dataset: id, repository, source, hostId }: WantedData,
  restic: Pick<Restic, "snapshots">,
  signal: AbortSignal,
): Promise<LocatedData> {
  const held = Map.groupBy(
    await restic.snapshots(repository, { hostId }, signal),
    (snapshot) => tagOf(snapshot, "dataset") ?? "",
  );
  const newestOf = (dataset: DatasetId) => newest(held.get(dataset) ?? []);
  const snapshot = newestOf(id);
  if (snapshot === undefined) throw new Error(`repository ${repository} holds no restore point of ${id}`);

  const dataset = readDatasetId(id);
  const isOther = (mount: Mount) =>
    (mount.type === "volume" || mount.type === "bind") &&
    (dataset === undefined || mountOf(dataset, { mounts: [mount] }) === undefined);
  const others = Map.groupBy((source?.mounts ?? []).filter(isOther), datasetOf);
  const beside: LocatedData["beside"][number][] = [];
  const empty: Mount[] = [];
  for (const [other, mounts] of others) {
    const found = newestOf(other);
    if (found === undefined || !(await wantsFolder(mounts[0]!))) empty.push(...mounts);
    else beside.push({ snapshot: found, destinations: mounts.map(({ destination }) => destination) });
  }
  return { snapshot, beside, empty };
}

/** What a mount would be backed up as. */
function datasetOf({ type, volume = "", source }: Mount): DatasetId {
  return type === "volume"
    ? datasetId({ kind: "volume", name: volume })
    : datasetId({ kind: "bind", name: source });
}
