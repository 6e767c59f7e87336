/**
 * Rebuilds a lost host on this one from a repository alone: finds its configuration, plans, takes the steps, and measures
 * how much data was lost and how long it took. Killed and run again it goes on; what is there already is never touched.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { OperationalError, errorChain } from "@shipkeeper/kit";
import type { Engine } from "@shipkeeper/docker";
import {
  explainRecoveryStep,
  isOwnNetwork,
  planRecovery,
  readDatasetId,
  refusedSteps,
  stepKey,
  type RecoveryKind,
  type RecoveryPoint,
  type RecoveryStep,
  type RecoveryTarget,
} from "@shipkeeper/policy";
import { restoreToPath } from "../restore/restore.ts";
import { findLostHost, type LostHost, type WantedHost } from "./find-lost-host.ts";
import { openBundle } from "./open-bundle.ts";
import { openRecovery, type RecoveryJournal } from "./recovery-journal.ts";
import { takeRecoveryStep, type RecoveryContext } from "./take-recovery-step.ts";

export interface RecoverOptions extends Omit<RecoveryContext, "configuration" | "points" | "scratch"> {
  readonly wanted: WantedHost;
  readonly dryRun: boolean;
  /** As a person typed it. */
  readonly recoveryKey: string | undefined;
  readonly stateDir: string;
}

/** What a recovery came to. Times in milliseconds. */
export interface RecoveryReport {
  readonly host: { readonly id: string; readonly name: string };
  readonly repository: string;
  readonly dryRun: boolean;
  readonly steps: readonly ReportedStep[];
  /** How old the data of each dataset was when the recovery began, and of the oldest. */
  readonly rpoMs: number;
  readonly datasets: readonly (RecoveryPoint & { readonly ageMs: number })[];
  /** From the first attempt's begin to the end. */
  readonly rtoMs: number;
  readonly phasesMs: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  readonly complete: boolean;
}

export interface ReportedStep extends RecoveryStep {
  readonly outcome: "done" | "kept" | "failed" | "skipped" | "planned";
  readonly problem?: string;
}

export class RecoveryRefused extends OperationalError {
  override readonly name = "RecoveryRefused";
  readonly code = "recovery_refused";
  readonly retryable = false;
}

/** Some of it failed. Run again, it goes on. */
export class RecoveryIncomplete extends OperationalError {
  override readonly name = "RecoveryIncomplete";
  readonly code = "recovery_incomplete";
  readonly retryable = true;
}

/** Throws `RecoveryRefused` before anything is changed; a step that fails is in the report, and leaves out what needs it. */
export async function recover(options: RecoverOptions): Promise<RecoveryReport> {
  const { wanted, restic, engine, stateDir, dryRun, clock, onProgress, signal } = options;
  const begunAt = clock();
  const lost = await findLostHost(wanted, restic, signal);
  const folder = join(stateDir, "recoveries");
  const record = { ...lost, repository: wanted.repository, startedAt: begunAt, points: [...lost.points] };
  const journal = openRecovery(folder, record);
  if (journal.repository !== wanted.repository) {
    throw new RecoveryRefused(
      `a recovery from repository ${journal.repository} was begun: go on with that one`,
    );
  }
  const scratch = await makeScratch(engine, signal);
  try {
    const { configuration, missing } = await readBundle(lost, scratch, options);
    const name = configuration.host.name;
    const target = await readTarget(engine, journal.points, signal);
    const steps = planRecovery({
      configuration,
      missing,
      points: journal.points,
      target,
      begun: journal.begun(),
    });
    steps.forEach((step) => onProgress(explainRecoveryStep(step)));
    const locatedAt = clock();
    const context: RecoveryContext = { ...options, configuration, points: journal.points, scratch };

    if (!dryRun) refuse(steps);
    const taken = dryRun ? planned(steps) : await takeAll(steps, journal, context);
    const complete = taken.steps.every(({ outcome }) => outcome === "done" || outcome === "kept");
    if (complete && !dryRun) journal.close();
    const datasets = journal.points.map((point) => ({
      ...point,
      ageMs: Math.max(0, journal.startedAt - point.at),
    }));
    return {
      host: { id: lost.hostId, name },
      repository: wanted.repository,
      dryRun,
      steps: taken.steps,
      rpoMs: Math.max(0, ...datasets.filter(isData).map(({ ageMs }) => ageMs)),
      datasets,
      rtoMs: clock() - journal.startedAt,
      phasesMs: { locate: locatedAt - begunAt, ...taken.phasesMs },
      warnings: [...configuration.gaps, ...steps.flatMap(({ warnings }) => warnings)],
      complete,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Data that would be missed: the configuration itself and images are no such data. */
function isData({ dataset }: RecoveryPoint): boolean {
  const kind = readDatasetId(dataset)?.kind;
  return kind === "volume" || kind === "bind" || kind === "dump";
}

function refuse(steps: readonly RecoveryStep[]): void {
  const refused = refusedSteps(steps);
  if (refused.length === 0) return;
  throw new RecoveryRefused(`nothing was changed:\n${refused.map(explainRecoveryStep).join("\n")}`);
}

/** On the engine's disk, which has the room for what is restored to it. */
async function makeScratch(engine: Engine, signal: AbortSignal): Promise<string> {
  const { rootDir } = (await engine.facts({ signal })).engine;
  return mkdtemp(join(rootDir, "shipkeeper-recovery-"));
}

async function readBundle(
  { configuration }: LostHost,
  scratch: string,
  { restic, uncontained, recoveryKey, onProgress, signal }: RecoverOptions,
) {
  const to = join(scratch, "configuration");
  const { restorePoint } = configuration;
  await restoreToPath({ restorePoint, to, restic, uncontained, onProgress, signal });
  return openBundle(to, recoveryKey);
}

async function readTarget(
  engine: Engine,
  points: readonly RecoveryPoint[],
  signal: AbortSignal,
): Promise<RecoveryTarget> {
  const own = (await engine.networks({ signal })).filter(({ name }) => !isOwnNetwork(name));
  const networks = await Promise.all(own.map(({ id }) => engine.networkBlueprint(id, { signal })));
  const ids = await engine.containerIds({ signal });
  const containers = await Promise.all(ids.map((id) => engine.container(id, { signal })));
  const filled = await Promise.all(
    foldersOf(points).map(async (path) => ((await isFilled(path)) ? [path] : [])),
  );
  return {
    networks: networks.filter((one) => one !== undefined),
    volumes: (await engine.volumes({ signal })).map(({ name }) => name),
    containers: containers.flatMap((one) => (one === undefined ? [] : [one.name])),
    images: await engine.imageNames({ signal }),
    filledFolders: filled.flat(),
  };
}

function foldersOf(points: readonly RecoveryPoint[]): string[] {
  const datasets = points.map(({ dataset }) => readDatasetId(dataset));
  return datasets.flatMap((one) => (one?.kind === "bind" ? [one.name] : []));
}

async function isFilled(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** What is measured together. */
const PHASES: Readonly<Record<RecoveryKind, string>> = {
  network: "networks",
  image: "images",
  volume: "data",
  folder: "data",
  container: "containers",
  start: "verify",
  feed: "data",
};

interface Taken {
  readonly steps: ReportedStep[];
  readonly phasesMs: Readonly<Record<string, number>>;
}

function planned(steps: readonly RecoveryStep[]): Taken {
  return { steps: steps.map((step) => ({ ...step, outcome: "planned" })), phasesMs: {} };
}

/** One after the other. What fails leaves the others: a host without one of its containers is better than none. */
async function takeAll(
  steps: readonly RecoveryStep[],
  journal: RecoveryJournal,
  context: RecoveryContext,
): Promise<Taken> {
  const reported: ReportedStep[] = [];
  const phasesMs: Record<string, number> = {};
  for (const step of steps) {
    const begunAt = context.clock();
    reported.push(await takeOne(step, journal, context, reported));
    const phase = PHASES[step.kind];
    phasesMs[phase] = (phasesMs[phase] ?? 0) + context.clock() - begunAt;
  }
  return { steps: reported, phasesMs };
}

async function takeOne(
  step: RecoveryStep,
  journal: RecoveryJournal,
  context: RecoveryContext,
  before: readonly ReportedStep[],
): Promise<ReportedStep> {
  const key = stepKey(step);
  if (step.decision === "keep" || journal.isDone(key)) return { ...step, outcome: "kept" };
  const needed = neededBy(step);
  if (before.some((one) => stepKey(one) === needed?.key && one.problem !== undefined)) {
    return { ...step, outcome: "skipped", problem: needed?.problem ?? "" };
  }
  context.signal.throwIfAborted();
  context.onProgress(`${key} …`);
  journal.begin(key);
  try {
    const problem = await takeRecoveryStep(step, context);
    // A container that is not well may be by the next attempt.
    if (problem !== undefined) return { ...step, outcome: "failed", problem };
    journal.done(key);
    return { ...step, outcome: "done" };
  } catch (error) {
    context.signal.throwIfAborted();
    return { ...step, outcome: "failed", problem: errorChain(error) };
  }
}

/** The step without which this one makes no sense, and what is said where that one failed. */
function neededBy({ kind, name, into = "" }: RecoveryStep) {
  if (kind === "start") {
    return { key: stepKey({ kind: "container", name }), problem: "the container could not be made" };
  }
  if (kind === "feed") {
    return { key: stepKey({ kind: "start", name: into }), problem: `container ${into} does not run well` };
  }
  return undefined;
}
