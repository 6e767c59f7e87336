/** The steps of a backup: a dataset into a repository while containers stand still, or a restore point on to the next one. */
import { formatDuration } from "@shipkeeper/kit";
import type { RunId } from "@shipkeeper/model";
import { catalog, firstChange, writersOf, type BackupFacts, type Verdict } from "@shipkeeper/policy";
import type { RestorePoint } from "@shipkeeper/protocol";
import type { Restic } from "@shipkeeper/restic";
import { ContainerBusy, QuiesceTimeout } from "../quiesce/quiesce-problems.ts";
import type { Downtime } from "../quiesce/quiesce.ts";
import type { ActContext } from "./action-context.ts";
import type { StepResult } from "./apply-plan.ts";
import { sources, type Data } from "./backup-sources.ts";
import type { BackupStep } from "./backup-step.ts";
import { containersWhere } from "./containers-of-run.ts";
import { rememberFiles } from "./drill/remember-files.ts";
import { resticOf } from "./restic-of.ts";
import { restorePointOf } from "./restore-points-told.ts";

export async function takeBackup(
  step: BackupStep,
  expect: NonNullable<Verdict["expect"]>,
  context: ActContext,
): Promise<StepResult> {
  const { clock, engine } = context;
  const startedAt = clock();
  const restic = resticOf(context);
  const source = sources[step.dataset.kind];
  if (source === undefined) throw new Error(`this agent cannot back up a ${step.dataset.kind}`);

  const found = await source(step, context);
  if (found === undefined) return { status: "skipped", why: "already-gone" };
  try {
    const changed =
      firstChange(expect, { ...expect, ...found.expect }) ??
      ((await hasOtherWriters(step, context)) ? "containers" : undefined);
    if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };

    await readyRepository(step, restic, context);
    const { made, downtimes } = await whileStill(step, context, (signal) =>
      backUp(step, found.data, { restic, signal, context }),
    );
    const { data } = found;
    const isDrilled = catalog.backup.spec.parse(context.spec).drill !== undefined;
    if ("folder" in data && isDrilled) {
      await rememberFiles(data.folder, { dataset: step.id, made, startedAt }, context);
    }
    const point = restorePointOf(made.snapshot, step.repository, made);
    context.restorePoints.add(point);
    return { status: "done", facts: factsOf(point, { downtimes, durationMs: clock() - startedAt }) };
  } catch (error) {
    if (error instanceof ContainerBusy) return { status: "skipped", why: "busy" };
    if (!(error instanceof QuiesceTimeout)) throw error;
    return { status: "failed", why: error.code, error: error.message };
  } finally {
    await found.done?.();
  }

  /** Somebody who began to write since the plan would write all the while. */
  async function hasOtherWriters({ consistency, dataset, containers }: BackupStep, act: ActContext) {
    if (consistency !== "pause" && consistency !== "stop") return false;
    const writers = await containersWhere(act, (container) => writersOf(dataset, [container]).length > 0);
    const others = writers.filter(({ id }) => !containers.includes(id));
    // What is remembered of a container here is what it mounts: whether it runs is asked anew.
    for (const { id } of others) if ((await engine.container(id))?.state === "running") return true;
    return false;
  }
}

/** The restore point that this run made elsewhere; where it made none, the data itself. */
export async function takeCopy(
  step: BackupStep,
  expect: NonNullable<Verdict["expect"]>,
  context: ActContext,
): Promise<StepResult> {
  const { hostId, runId, signal, clock, restorePoints } = context;
  const startedAt = clock();
  const { id: dataset, repository, from = "" } = step;
  const original = restorePoints
    .of(from)
    .find((point) => point.dataset === dataset && point.runId === (runId as RunId | undefined));
  // A first repository that is broken must not keep the data from the others.
  if (original === undefined) return takeBackup({ ...step, from: undefined }, expect, context);

  const restic = resticOf(context);
  await readyRepository(step, restic, context);
  const request = { from, id: original.id, hostId, dataset, runId };
  const copied = await restic.copy(repository, request, signal);
  const { bytes, files } = original;
  const point = restorePointOf(copied, repository, { bytes, files });
  restorePoints.add(point);
  return { status: "done", facts: factsOf(point, { downtimes: [], durationMs: clock() - startedAt }) };
}

interface BackingUp {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly context: ActContext;
}

function backUp({ id: dataset, repository }: BackupStep, data: Data, { restic, signal, context }: BackingUp) {
  const { hostId, policy, rule, runId } = context;
  const mark = { hostId, dataset, policy, rule, runId };
  return "folder" in data
    ? restic.backUp(repository, { ...mark, folder: data.folder, about: data.about }, signal)
    : restic.backUpStream(repository, { ...mark, ...data }, signal);
}

/** While data is read nobody restarts what writes to it, and where the rule says so nobody writes. */
async function whileStill<T>(
  step: BackupStep,
  context: ActContext,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly made: T; readonly downtimes: readonly Downtime[] }> {
  const { quiesce, runId, spec, signal } = context;
  const { consistency, containers } = step;
  if (consistency === "pause" || consistency === "stop") {
    const { maxQuiesce: maxQuiesceMs } = catalog.backup.spec.parse(spec);
    const order = { runId, how: consistency, containers, maxQuiesceMs, signal };
    const { value: made, downtimes } = await quiesce.hold(order, work);
    return { made, downtimes };
  }
  const release = await claimUsers(step, context);
  try {
    return { made: await work(signal), downtimes: [] };
  } finally {
    release();
  }
}

/** A container that is being restarted already is no reason to go without a backup. Returns what lets go. */
async function claimUsers({ dataset }: BackupStep, context: ActContext): Promise<() => void> {
  const users = await containersWhere(context, (container) => writersOf(dataset, [container]).length > 0);
  const held = users.map(({ id }) => context.claims.share(id, "backup"));
  return () => held.forEach((release) => release?.());
}

/** A repository that held restore points and is gone was not mounted, or was lost: a new one would hide that. */
async function readyRepository({ repository, from }: BackupStep, restic: Restic, context: ActContext) {
  const heldSome = context.restorePoints.all().some((point) => point.repository === repository);
  if (!heldSome) await restic.ensureRepository(repository, { like: from, signal: context.signal });
}

export function factsOf(
  point: RestorePoint,
  { downtimes, durationMs }: { readonly downtimes: readonly Downtime[]; readonly durationMs: number },
): NonNullable<StepResult["facts"]> {
  const facts = {
    restorePoint: point.id,
    repository: point.repository,
    dataset: point.dataset,
    ...(point.addedBytes !== undefined && { bytesAdded: point.addedBytes }),
    totalBytes: point.bytes,
    files: point.files,
    durationMs: Math.max(0, durationMs),
    dataAt: point.at,
    ...(downtimes.length > 0 && {
      quiesceMs: Math.max(...downtimes.map(({ ms }) => ms)),
      quiesced: downtimes.map(({ name, ms }) => `${name} ${formatDuration(ms)}`).join(", "),
    }),
  } satisfies BackupFacts;
  return facts;
}
