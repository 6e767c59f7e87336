/** Backs up volumes with restic, one repository a step, and lets the rule's old restore points go afterwards. */
import { assert, errorChain } from "@shipkeeper/kit";
import type { RunId, VolumeName } from "@shipkeeper/model";
import type { EngineReader } from "@shipkeeper/docker";
import {
  catalog,
  expectVolume,
  firstChange,
  readDatasetId,
  volumeDataset,
  type BackupFacts,
  type StepOutcome,
  type Verdict,
} from "@shipkeeper/policy";
import type { RestorePoint } from "@shipkeeper/protocol";
import { type BackupMade, type Restic, ResticProblem, type Snapshot, tag, tagOf } from "@shipkeeper/restic";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler } from "./apply-plan.ts";
import { rememberFiles } from "./drill/remember-files.ts";
import { containersWhere } from "./containers-of-run.ts";
import { proveListed } from "./prove-listed.ts";

export const backupHandler: ActionHandler = {
  // Reads what is there: containers run on, and others may restart or prune meanwhile.
  exclusive: false,
  freesSpace: false,

  async take(verdict, context) {
    assert(["back-up", "copy"].includes(verdict.decision), `backup knows no decision ${verdict.decision}`);
    const { engine, hostId, runId, policy, rule, signal, clock } = context;
    const startedAt = clock();
    const repository = repositoryOf(verdict);
    const restic = resticOf(context);

    const dataset = readDatasetId(verdict.target.id);
    if (dataset?.kind !== "volume" || verdict.expect?.["consistency"] !== "none") {
      throw new ResticProblem("restic_failed", "this agent backs up volumes only, and holds nobody still");
    }
    const volume = await volumeNamed(dataset.name as VolumeName, engine);
    if (volume === undefined) return { status: "skipped", why: "already-gone" };
    const changed = firstChange(verdict.expect, { ...verdict.expect, ...expectVolume(volume) });
    if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };

    await readyRepository(repository, restic, context);
    const { name, mountpoint } = volume;
    const request = { hostId, dataset: volumeDataset(name), folder: mountpoint, policy, rule, runId };
    const release = await claimUsers(name, context);
    const made = await restic.backUp(repository, request, signal).finally(release);
    await rememberFiles(mountpoint, { dataset: request.dataset, made, startedAt }, context);
    context.restorePoints.add(restorePointOf(made.snapshot, repository, made));
    return { status: "done", facts: factsOf(made, repository, clock() - startedAt) };
  },

  /** Retention first: only volumes that were backed up well lose old restore points. Then what is left is told. */
  async finish(outcomes, context) {
    const restic = context.restic;
    if (restic === undefined || context.signal.aborted) return;
    const done = outcomes.filter(({ status }) => status === "done");
    const repositories = Map.groupBy(done, ({ facts }) => String(facts?.["repository"]));
    for (const [repository, steps] of repositories) {
      try {
        await forgetOld(repository, steps, restic, context);
      } catch (error) {
        const message = `old restore points stay in repository ${repository}: ${errorChain(error)}`;
        context.trouble("retention_failed", message);
      }
      const points = await tellWhatIsLeft(repository, restic, context);
      if (points === undefined) continue;
      const made = steps.map(({ target, facts }) => ({
        id: String(facts?.["restorePoint"]),
        dataset: volumeDataset(target.id),
      }));
      proveListed(repository, made, points, context);
    }
  },

  /** The restore point carries the run's id: either it is there, or nothing of the run is. */
  async settle({ verdict, startedAt }, { restic, hostId, runId, signal, clock }) {
    if (restic === undefined) return { status: "unknown", why: "no-restic" };
    const repository = repositoryOf(verdict);
    const tags = [tag("dataset", verdict.target.id), tag("run", runId)];
    const [snapshot] = await restic.snapshots(repository, { hostId, tags }, signal);
    if (snapshot === undefined) return { status: "skipped", why: "cut-off" };
    const made = { snapshot, bytes: 0, files: 0, addedBytes: 0 };
    return { status: "done", why: "found-made", facts: factsOf(made, repository, clock() - startedAt) };
  },
};

/**
 * While a volume is read nobody restarts what writes to it. A container that is being restarted already is no reason to
 * go without a backup. Returns what lets go.
 */
async function claimUsers(volume: VolumeName, context: ActContext): Promise<() => void> {
  const users = await containersWhere(context, ({ mounts }) =>
    mounts.some((mount) => mount.volume === volume),
  );
  const held = users.map(({ id }) => context.claims.share(id, "backup"));
  return () => held.forEach((release) => release?.());
}

function repositoryOf({ expect }: Verdict): string {
  const repository = expect?.["repository"];
  assert(typeof repository === "string", "a backup step names its repository");
  return repository;
}

function resticOf({ restic }: Pick<ActContext, "restic">): Restic {
  if (restic !== undefined) return restic;
  throw new ResticProblem("restic_failed", "there is no restic on this host");
}

async function volumeNamed(name: VolumeName, engine: EngineReader) {
  return (await engine.volumes()).find((volume) => volume.name === name);
}

/** A repository that held restore points and is gone was not mounted, or was lost: a new one would hide that. */
async function readyRepository(repository: string, restic: Restic, context: ActContext): Promise<void> {
  const heldSome = context.restorePoints.all().some((point) => point.repository === repository);
  if (!heldSome) await restic.ensureRepository(repository, context.signal);
}

function factsOf(made: BackupMade, repository: string, durationMs: number): BackupFacts {
  return {
    restorePoint: made.snapshot.id,
    repository,
    bytesAdded: made.addedBytes,
    totalBytes: made.bytes,
    files: made.files,
    durationMs: Math.max(0, durationMs),
  };
}

async function forgetOld(
  repository: string,
  steps: readonly StepOutcome[],
  restic: Restic,
  { hostId, policy, rule, spec, signal }: ActContext,
): Promise<void> {
  const within = catalog.backup.spec.parse(spec).keep?.within;
  if (within === undefined) return;
  let forgotten = 0;
  for (const { target } of steps) {
    const request = { hostId, dataset: target.id, policy, rule, keepWithinMs: within };
    forgotten += await restic.forget(repository, request, signal);
  }
  if (forgotten > 0) await restic.prune(repository, signal);
}

/** Undefined where the repository does not answer. */
async function tellWhatIsLeft(
  repository: string,
  restic: Restic,
  context: ActContext,
): Promise<RestorePoint[] | undefined> {
  try {
    const listed = await restic.snapshots(repository, { hostId: context.hostId }, context.signal);
    const known = new Map(context.restorePoints.of(repository).map((point) => [point.id, point]));
    const points = listed.map((snapshot) => ({
      ...restorePointOf(snapshot, repository),
      ...sizesOf(known.get(snapshot.id)),
    }));
    context.restorePoints.replace(repository, points, context.clock());
    context.tellRestorePoints(repository, points);
    return points;
  } catch (error) {
    context.log.warn({ error, repository }, "cannot list the restore points of a repository");
    return undefined;
  }
}

/** Up to 0.16 restic does not list sizes: what was measured when it was made is remembered. */
function sizesOf(known: RestorePoint | undefined): Partial<RestorePoint> {
  if (known === undefined) return {};
  const { bytes, files, addedBytes } = known;
  return { bytes, files, ...(addedBytes !== undefined && { addedBytes }) };
}

function restorePointOf(
  snapshot: Snapshot,
  repository: string,
  sizes: Pick<RestorePoint, "bytes" | "files" | "addedBytes"> = { bytes: 0, files: 0 },
): RestorePoint {
  const { id, at } = snapshot;
  const tagged = (name: string) => tagOf(snapshot, name);
  const [runId, policy, rule] = [tagged("run"), tagged("policy"), tagged("rule")];
  const { bytes, files, addedBytes } = sizes;
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
  };
}
