/**
 * One test restore, from the newest restore point to its receipt. It owns the phases and that everything it made is gone
 * afterwards, whatever happened; nothing of the host that is real is changed, read or reached.
 */
import { randomUUID } from "node:crypto";
import { assert, errorChain, maskSecrets, type Instant } from "@shipkeeper/kit";
import type { Container, Volume } from "@shipkeeper/model";
import { mountOf, readDatasetId, type DatasetId, type DrillSpec } from "@shipkeeper/policy";
import { MOST_SAID, type DrillPhase, type DrillReceipt } from "@shipkeeper/protocol";
import { tag, type Restic, type Snapshot } from "@shipkeeper/restic";
import { VERSION } from "@shipkeeper/runtime";
import type { ActContext } from "../action-context.ts";
import type { RememberedFiles } from "../../ledger/file-samples.ts";
import { restoreInto } from "../../restore/restore.ts";
import { awaitWell, bootApplication } from "./application.ts";
import { checkAssertions } from "./assertions.ts";
import { scratchLabels, scratchVolume, stagingName } from "./scratch.ts";

export interface DrillRequest {
  readonly dataset: DatasetId;
  readonly repository: string;
  /** What is tried out on the restored data; nothing where undefined. */
  readonly source: Container | undefined;
  readonly spec: DrillSpec;
  readonly restic: Restic;
  /** What is remembered of the dataset as it was at that time. */
  readonly remembered: (at: Instant) => RememberedFiles;
}

export type DrillContext = Pick<
  ActContext,
  "engine" | "runId" | "hostId" | "policy" | "rule" | "clock" | "pause" | "signal" | "log"
>;

/** What the receipt says beyond what was asked for; filled in while the drill goes on. */
type Findings = Pick<DrillReceipt, "restorePoint" | "dataAt" | "application" | "failure"> &
  Pick<DrillReceipt, "phases" | "assertions">;

/** Never throws for what is wrong with the backup: that is what the receipt says. Throws where the agent has to stop. */
export async function drill(request: DrillRequest, context: DrillContext): Promise<DrillReceipt> {
  const { spec, dataset, repository, source } = request;
  const { clock, runId, hostId, policy, rule, engine } = context;
  const requestedAt = clock();
  const deadline = AbortSignal.timeout(spec.timeout);
  const bounded = { ...context, signal: AbortSignal.any([context.signal, deadline]) };
  const engineVersion = (await engine.facts({ signal: context.signal })).engine.version;

  const found: { -readonly [Key in keyof Findings]: Findings[Key] } = { phases: [], assertions: [] };
  try {
    await takePhases(request, found, bounded);
  } catch (error) {
    context.signal.throwIfAborted();
    const late = deadline.aborted ? "it took too long: " : "";
    found.failure = maskSecrets(`${late}${errorChain(error)}`).slice(0, MOST_SAID);
  }

  const finishedAt = Math.max(requestedAt, clock());
  const passed = found.failure === undefined && found.assertions.every((assertion) => assertion.passed);
  return {
    format: 1,
    id: randomUUID(),
    hostId,
    runId,
    policy,
    rule,
    dataset,
    repository,
    requestedAt,
    finishedAt,
    ...found,
    ...(source !== undefined && {
      application: { container: source.name, image: source.image, imageId: source.imageId },
    }),
    ...(found.dataAt !== undefined && { rpoMs: Math.max(0, requestedAt - found.dataAt) }),
    ...(spec.rpo !== undefined && { rpoTargetMs: spec.rpo }),
    ...(passed && { rtoMs: finishedAt - requestedAt }),
    rtoTargetMs: spec.rto,
    engineVersion,
    agentVersion: VERSION,
    passed,
  };
}

async function takePhases(
  request: DrillRequest,
  found: { -readonly [Key in keyof Findings]: Findings[Key] },
  context: DrillContext,
): Promise<void> {
  const { dataset, source, spec, remembered } = request;
  const { clock, engine, signal, runId } = context;
  async function phase<T>(name: DrillPhase, work: () => Promise<T>): Promise<T> {
    const startedAt = clock();
    return work().finally(
      () => void found.phases.push({ phase: name, ms: Math.max(0, clock() - startedAt) }),
    );
  }

  const snapshot = await phase("locate", () => locate(request, context));
  found.restorePoint = snapshot.id;
  found.dataAt = snapshot.at;
  const volume = await phase("fetch", () => fetch(request, snapshot, context));

  let container: Container | undefined;
  if (source !== undefined) {
    const of = readDatasetId(dataset);
    assert(of !== undefined, `${dataset} is a dataset`);
    const isDataset = (mount: Container["mounts"][number]) => mountOf(of, { mounts: [mount] }) !== undefined;
    const boot = { source, spec, restored: { isDataset, volume: volume.name } };
    const id = await phase("boot", () => bootApplication(boot, context));
    const { well, said } = await phase("ready", () => awaitWell(id, spec.ready, context));
    if (!well) throw new Error(`the application of container ${source.name} did not come up: ${said}`);
    container = await engine.container(id, { signal });
  }
  const { files, sample } = remembered(snapshot.at);
  const restored = { container, volume, files, sample };
  context.log.debug({ runId, dataset }, "the restored data is asked");
  found.assertions = await phase("verify", () => checkAssertions(spec.assert, restored, context));
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

function fetch(
  { repository, restic }: DrillRequest,
  { id }: Snapshot,
  { engine, runId, signal, log }: DrillContext,
): Promise<Volume> {
  return restoreInto({
    restorePoint: id,
    volume: scratchVolume(runId, 0),
    labels: scratchLabels(runId),
    stagingName: stagingName(runId),
    // Only from the repository that is drilled: a copy elsewhere proves nothing for it.
    restic: { ...restic, repositoryNames: [repository] },
    engine,
    onProgress: (line) => log.debug({ runId }, line),
    signal,
  });
}
