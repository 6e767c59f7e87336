/**
 * Reads what a restart takes away from a container. It waits for nothing longer than its deadline: what has not come by
 * then is named as missing, and healing goes on.
 */
import { randomUUID } from "node:crypto";
import { SECOND_MS, errorChain, type Clock, type Instant } from "@shipkeeper/kit";
import type { ContainerLog, EngineReader } from "@shipkeeper/docker";
import {
  containerIdentity,
  type Container,
  type ContainerId,
  type ImageId,
  type RunId,
} from "@shipkeeper/model";
import type { Load } from "@shipkeeper/policy";
import { MOST_LOG_LINES, type Evidence, type PostMortem, type PostMortemTrigger } from "@shipkeeper/protocol";
import type { EventRing } from "./event-ring.ts";
import { fitEvidence, fitPostMortem } from "./fit-post-mortem.ts";
import type { UsageRing } from "./usage-ring.ts";

export interface CaptureSources {
  readonly engine: Pick<EngineReader, "container" | "environmentValues" | "logs" | "processes">;
  readonly usage: Pick<UsageRing, "of">;
  readonly events: Pick<EventRing, "of">;
  readonly load: () => Load;
  /** So many lines of the log the policies want; 0 leaves the log alone. */
  readonly logLines: () => number;
  readonly clock: Clock;
  /** Default: three seconds for all of it. */
  readonly deadlineMs?: number;
}

/** What is known of a container before it is looked at. */
export interface Subject {
  readonly id: ContainerId;
  readonly name: string;
  readonly image: string;
  readonly imageId?: ImageId | undefined;
  readonly identity: string;
  readonly owner?: string | undefined;
}

export interface Occasion {
  readonly trigger: PostMortemTrigger;
  readonly runId?: RunId | undefined;
  readonly incidentId?: string | undefined;
  readonly sign?: string | undefined;
  readonly exitsBefore?: number;
  /** How it ended, by the engine's event. */
  readonly ended?: {
    readonly at: Instant;
    readonly exitCode?: number | undefined;
    readonly outOfMemory: boolean;
  };
}

const DEADLINE_MS = 3 * SECOND_MS;
/** More than fits into a post-mortem, because masking and cutting come after it. */
const MOST_LOG_BYTES = 2 * 2 ** 20;

export function subjectOf(container: Container): Subject {
  const { id, name, image, imageId, owner } = container;
  return { id, name, image, imageId, owner, identity: containerIdentity(container) };
}

/** Never throws and never takes longer than its deadline; what could not be read is in `missing`. */
export async function capture(
  subject: Subject,
  occasion: Occasion,
  sources: CaptureSources,
): Promise<PostMortem> {
  const { clock, usage, events, load } = sources;
  const at = clock();
  const { container, environment, log, processes, missing } = await readAll(subject.id, sources);
  const { owner, runId, incidentId, sign } = { ...subject, ...occasion };
  const evidence: Evidence = {
    ...factsOf(container, occasion),
    ...lifeOf(container, occasion, events.of(subject.id)),
    log,
    ...(processes !== undefined && { processes }),
    usage: usage.of(subject.id, at),
    events: events.of(subject.id),
    hostLoad: load(),
    missing,
  };
  return fitPostMortem({
    id: randomUUID(),
    at,
    trigger: occasion.trigger,
    ...(runId !== undefined && { runId }),
    ...(incidentId !== undefined && { incidentId }),
    container: {
      id: subject.id,
      name: subject.name.slice(0, 256),
      identity: subject.identity.slice(0, 600),
      image: subject.image.slice(0, 600),
      ...(subject.imageId !== undefined && { imageId: subject.imageId }),
    },
    ...(owner !== undefined && { owner: owner.slice(0, 200) }),
    ...(sign !== undefined && { sign: sign.slice(0, 64) }),
    exitsBefore: occasion.exitsBefore ?? 0,
    evidence: fitEvidence(evidence, environment ?? []),
  });
}

async function readAll(id: ContainerId, { engine, logLines, deadlineMs = DEADLINE_MS }: CaptureSources) {
  const signal = AbortSignal.timeout(deadlineMs);
  const missing: Evidence["missing"] = [];
  const ask = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await beforeAbort(read(), signal);
    } catch (error) {
      const late = `the engine did not answer within ${deadlineMs} ms`;
      missing.push({ what, why: signal.aborted ? late : errorChain(error) });
      return undefined;
    }
  };
  const lines = Math.min(logLines(), MOST_LOG_LINES);
  const range = { tail: lines, mostBytes: MOST_LOG_BYTES };
  const [container, environment, written, processes] = await Promise.all([
    ask("container", () => engine.container(id, { signal })),
    ask("environment", () => engine.environmentValues(id, { signal })),
    lines === 0 ? undefined : ask("log", () => engine.logs(id, range, { signal })),
    ask("processes", () => engine.processes(id, { signal })),
  ]);
  // Without the environment nobody knows what these must not tell.
  const isSafe = environment !== undefined;
  const isGone = container === undefined && missing.length === 0;
  const unread = isGone
    ? "the container is gone"
    : isSafe
      ? "it could not be read"
      : "its secrets are not known";
  const log = logOf(lines === 0 ? "the policy wants none" : ((isSafe ? written : undefined) ?? unread));
  const facts = { container: isSafe ? container : withoutOutputs(container), log };
  return { ...facts, environment, processes: isSafe ? processes : undefined, missing };
}

function withoutOutputs(container: Container | undefined): Container | undefined {
  return container && { ...container, health: { ...container.health, log: [] } };
}

function logOf(written: ContainerLog | string): Evidence["log"] {
  if (typeof written === "string") return { lines: [], cut: 0, problem: written };
  return written.readable
    ? { lines: [...written.lines], cut: 0 }
    : { lines: [], cut: 0, problem: `the engine cannot read it: ${written.why}` };
}

function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("too late")), { once: true });
    work.then(resolve, reject);
  });
}

/** What the engine says of it, or that it is not there any more. */
function factsOf(
  container: Container | undefined,
  { ended }: Occasion,
): Pick<Evidence, "state" | "outOfMemory" | "restartCount" | "health" | "limits" | "mounts" | "networks"> {
  const outOfMemory = ended?.outOfMemory ?? false;
  if (container === undefined) return { outOfMemory, limits: {}, mounts: [], networks: [] };
  const { state, oomKilled, restartCount, health, limits, mounts, networks } = container;
  const { memoryBytes, nanoCpus, pids } = limits;
  const { status, failingStreak, log } = health;
  return {
    state,
    outOfMemory: outOfMemory || oomKilled,
    restartCount,
    health: { status, failingStreak, outputs: log },
    limits: {
      ...(memoryBytes !== undefined && { memoryBytes }),
      ...(nanoCpus !== undefined && { nanoCpus }),
      ...(pids !== undefined && { pids }),
    },
    mounts: mounts.map(({ volume, source, destination, readOnly }) => ({
      what: volume ?? source,
      destination,
      readOnly,
    })),
    networks: networks.map(({ name }) => name),
  };
}

/** Of one that was started again by the time it was looked at, the engine only knows the new life. */
function lifeOf(
  container: Container | undefined,
  { ended }: Occasion,
  events: Evidence["events"],
): Pick<Evidence, "startedAt" | "finishedAt" | "exitCode" | "signal"> {
  const isNewLife = ended !== undefined && (container?.startedAt ?? 0) > ended.at;
  const began = events.findLast(({ action, at }) => action === "start" && at < (ended?.at ?? Infinity))?.at;
  const startedAt = isNewLife ? began : (container?.startedAt ?? began);
  const finishedAt = ended?.at ?? (container?.state === "running" ? undefined : container?.finishedAt);
  const exitCode = ended?.exitCode ?? container?.exitCode;
  const signal = signalOf(exitCode);
  return {
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
  };
}

const LAST_SIGNAL = 64;

/** A process that a signal ended is told as 128 and the signal's number. */
function signalOf(exitCode: number | undefined): number | undefined {
  const signal = (exitCode ?? 0) - 128;
  return signal >= 1 && signal <= LAST_SIGNAL ? signal : undefined;
}
