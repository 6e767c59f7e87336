/**
 * One test restore, from the newest restore point to its receipt. It owns the phases and that everything it made is gone
 * afterwards, whatever happened; nothing of the host that is real is changed, read or reached.
 */
import { join } from "node:path";
import { assert, type Instant } from "@shipkeeper/kit";
import type { Container, Mount, Volume } from "@shipkeeper/model";
import { mountOf, readDatasetId, type DatasetId, type DrillSpec, type TakeBack } from "@shipkeeper/policy";
import type { DrillReceipt } from "@shipkeeper/protocol";
import { tag, type Restic, type Snapshot } from "@shipkeeper/restic";
import type { RememberedFiles } from "../../ledger/file-samples.ts";
import { feedDump } from "../../dump/feed-dump.ts";
import { restoreInto, restoreToPath } from "../../restore/restore.ts";
import { makeStaging } from "../../restore/staging.ts";
import { awaitWell, bootApplication, type Boot } from "./application.ts";
import { checkAssertions, type Restored } from "./assertions.ts";
import { phaseClock, withReceipt, type DrillContext, type Findings } from "./with-receipt.ts";
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

  const snapshot = await phase("locate", () => locate(request, context));
  found.restorePoint = snapshot.id;
  found.dataAt = snapshot.at;
  const fetched = await phase("fetch", () => fetch(request, snapshot, context));

  let container: Container | undefined;
  let data: Restored["data"] | undefined = "volume" in fetched ? fetched : undefined;
  if (source !== undefined) {
    const boot = { source, spec, restored: restoredIn(dataset, fetched) };
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

function restoredIn(id: DatasetId, fetched: Fetched): Boot["restored"] {
  if ("file" in fetched) return undefined;
  const dataset = readDatasetId(id);
  assert(dataset !== undefined, `${id} is a dataset`);
  const isDataset = (mount: Mount) => mountOf(dataset, { mounts: [mount] }) !== undefined;
  return { isDataset, volume: fetched.volume.name };
}

async function locate(
  { dataset, repository, restic }: DrillRequest,
  { hostId, signal }: DrillContext,
): Promise<Snapshot> {
  const listed = await restic.snapshots(repository, { hostId, tags: [tag("dataset", dataset)] }, signal);
  const newest = listed.reduce<Snapshot | undefined>(
    (best, one) => (best === undefined || one.at > best.at ? one : best),
    undefined,
  );
  if (newest === undefined) throw new Error(`repository ${repository} holds no restore point of ${dataset}`);
  return newest;
}

async function fetch(
  { takeBack, repository, restic }: DrillRequest,
  { id }: Snapshot,
  { engine, runId, signal, log }: DrillContext,
): Promise<Fetched> {
  const what = {
    restorePoint: id,
    // Only from the repository that is drilled: a copy elsewhere proves nothing for it.
    restic: { ...restic, repositoryNames: [repository] },
    onProgress: (line: string) => log.debug({ runId }, line),
    signal,
  };
  if (takeBack === undefined) {
    const volume = await restoreInto({
      ...what,
      volume: scratchVolume(runId, 0),
      labels: scratchLabels(runId),
      stagingName: stagingName(runId),
      engine,
    });
    return { volume };
  }
  const { rootDir } = (await engine.facts({ signal })).engine;
  const file = join(await makeStaging(rootDir, stagingName(runId)), "dump");
  await restoreToPath({ ...what, to: file });
  return { file };
}
