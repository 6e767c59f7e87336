/**
 * One test restore, from the newest restore point to its receipt. It owns the phases and that everything it made is gone
 * afterwards, whatever happened; nothing of the host that is real is changed, read or reached.
 */
import { join } from "node:path";
import { assert, type Instant } from "@shipkeeper/kit";
import type { Container, Mount, Volume, VolumeName } from "@shipkeeper/model";
import { mountOf, readDatasetId, type DatasetId, type DrillSpec, type TakeBack } from "@shipkeeper/policy";
import type { DrillReceipt } from "@shipkeeper/protocol";
import type { Restic, Snapshot } from "@shipkeeper/restic";
import type { RememberedFiles } from "../../ledger/file-samples.ts";
import { feedDump } from "../../dump/feed-dump.ts";
import { restoreInto, restoreToPath } from "../../restore/restore.ts";
import { makeStaging } from "../../restore/staging.ts";
import { awaitWell, bootApplication } from "./application.ts";
import { checkAssertions, type Restored } from "./assertions.ts";
import { locateData, type LocatedData } from "./locate-data.ts";
import { phaseClock, shortened, withReceipt, type DrillContext, type Findings } from "./with-receipt.ts";
import { scratchLabels, scratchVolume, stagingName } from "./scratch.ts";

export interface DrillRequest {
  readonly dataset: DatasetId;
  readonly repository: string;
  /** What is tried out on the restored data; nothing where undefined. */
  readonly source: Container | undefined;
  /** Of a dump: what takes it back. */
  readonly takeBack: { readonly hook: string; readonly program: TakeBack } | undefined;
  readonly spec: DrillSpec;
  readonly restic: Restic;
  /** What is remembered of the dataset as it was at that time. */
  readonly remembered: (at: Instant) => RememberedFiles;
}

/** Never throws for what is wrong with the backup: that is what the receipt says. Throws where the agent has to stop. */
export function drill(request: DrillRequest, context: DrillContext): Promise<DrillReceipt> {
  const { spec, dataset, repository, source } = request;
  const application = source && { container: source.name, image: source.image, imageId: source.imageId };
  const about = { dataset, repository, ...(application && { application }) };
  const terms = { about, timeoutMs: spec.timeout, rtoMs: spec.rto, rpoMs: spec.rpo };
  return withReceipt(terms, context, (found, signal) => takePhases(request, found, { ...context, signal }));
}

async function takePhases(request: DrillRequest, found: Findings, context: DrillContext): Promise<void> {
  const { dataset, source, spec, remembered, takeBack } = request;
  const { clock, engine, signal, runId } = context;
  const phase = phaseClock(found, clock);

  const wanted = { ...request, hostId: context.hostId };
  const located = await phase("locate", () => locateData(wanted, request.restic, signal));
  const { snapshot } = located;
  found.restorePoint = snapshot.id;
  found.dataAt = snapshot.at;
  found.warnings = shortened(located.empty.map((mount) => sayEmpty(mount, request)));
  const { fetched, beside } = await phase("fetch", () => fetchAll(request, located, context));

  let container: Container | undefined;
  let data: Restored["data"] | undefined = "volume" in fetched ? fetched : undefined;
  if (source !== undefined) {
    const boot = { source, spec, restored: new Map([...restoredIn(request, fetched), ...beside]) };
    const id = await phase("boot", () => bootApplication(boot, context));
    const { well, said } = await phase("ready", () => awaitWell(id, spec.ready, context));
    if (!well) throw new Error(`the application of container ${source.name} did not come up: ${said}`);
    if ("file" in fetched && takeBack !== undefined) {
      const feed = { ...takeBack, ...fetched, container: id, withinMs: spec.ready };
      data = { dumpBytes: await phase("feed", () => feedDump(feed, context)) };
    }
    container = await engine.container(id, { signal });
  }
  assert(data !== undefined, `something took ${dataset} back`);
  const { files, sample } = remembered(snapshot.at);
  const restored = { container, data, files, sample };
  context.log.debug({ runId, dataset }, "the restored data is asked");
  found.assertions = await phase("verify", () => checkAssertions(spec.assert, restored, context));
}

/** Content in a scratch volume, or a dump in a file of the drill's. */
type Fetched = { readonly volume: Volume } | { readonly file: string };

/** Where the application finds the dataset; nowhere where it is a dump. */
function restoredIn({ dataset: id, source }: DrillRequest, fetched: Fetched): [string, VolumeName][] {
  const dataset = readDatasetId(id);
  assert(dataset !== undefined, `${id} is a dataset`);
  const isDataset = (mount: Mount) => mountOf(dataset, { mounts: [mount] }) !== undefined;
  if ("file" in fetched) return [];
  return (source?.mounts ?? [])
    .filter(isDataset)
    .map(({ destination }) => [destination, fetched.volume.name]);
}

function sayEmpty({ destination }: Mount, { source }: DrillRequest): string {
  return `nothing was restored at ${destination} of container ${source?.name}`;
}

/** The dataset first: where that does not come back nothing else is of interest. */
async function fetchAll(
  request: DrillRequest,
  { snapshot, beside }: LocatedData,
  context: DrillContext,
): Promise<{ readonly fetched: Fetched; readonly beside: [string, VolumeName][] }> {
  const fetched = await fetch(request, snapshot, context);
  const others: [string, VolumeName][] = [];
  for (const [index, one] of beside.entries()) {
    const volume = await fetchVolume(request, { ...one.snapshot, place: index + 1 }, context);
    others.push(...one.destinations.map((destination): [string, VolumeName] => [destination, volume.name]));
  }
  return { fetched, beside: others };
}

async function fetch(request: DrillRequest, { id }: Snapshot, context: DrillContext): Promise<Fetched> {
  const { takeBack } = request;
  if (takeBack === undefined) return { volume: await fetchVolume(request, { id, place: 0 }, context) };
  const { engine, runId, signal } = context;
  const { rootDir } = (await engine.facts({ signal })).engine;
  const file = join(await makeStaging(rootDir, stagingName(runId)), "dump");
  await restoreToPath({ ...whatOf(request, id, context), to: file });
  return { file };
}

/** Into the scratch volume of that place. */
function fetchVolume(
  request: DrillRequest,
  { id, place }: { readonly id: string; readonly place: number },
  context: DrillContext,
): Promise<Volume> {
  const { runId, engine } = context;
  return restoreInto({
    ...whatOf(request, id, context),
    volume: scratchVolume(runId, place),
    labels: scratchLabels(runId),
    stagingName: stagingName(runId),
    engine,
  });
}

function whatOf(
  { repository, restic }: DrillRequest,
  restorePoint: string,
  { runId, signal, log }: DrillContext,
) {
  return {
    restorePoint,
    // Only from the repository that is drilled: a copy elsewhere proves nothing for it.
    restic: { ...restic, repositoryNames: [repository] },
    onProgress: (line: string) => log.debug({ runId }, line),
    signal,
  };
}
