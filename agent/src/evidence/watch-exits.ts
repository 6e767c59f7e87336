/**
 * Notices ends of containers that nobody ordered, and has evidence taken of them: of the first at once, of one that ends
 * again and again every ten minutes, and of a host's not more than thirty in an hour.
 */
import { HOUR_MS, MINUTE_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import type { EngineEvent } from "@shipkeeper/docker";
import type { ContainerId } from "@shipkeeper/model";
import type { Death } from "@shipkeeper/policy";
import type { PostMortem } from "@shipkeeper/protocol";
import type { Occasion, Subject } from "./capture.ts";

export interface WatchExitsOptions {
  /** What watching the host made of the end that an event tells of; undefined where it knows nothing of it. */
  readonly deathOf: (containerId: string, at: Instant) => Death | undefined;
  /** As the last look showed it. */
  readonly subjectOf: (containerId: string) => Subject | undefined;
  readonly capture: (subject: Subject, occasion: Occasion) => Promise<PostMortem>;
  readonly tell: (postMortem: PostMortem) => void;
  readonly clock: Clock;
  readonly pause: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}

export interface ExitWatch {
  take(event: EngineEvent): void;
  /** Tells what was taken by now, without waiting for a later word. */
  stop(): Promise<void>;
}

const AGAIN_MS = 10 * MINUTE_MS;
const MOST_AN_HOUR = 30;
const MOST_IDENTITIES = 10_000;
/** The engine may tell of an end before it tells that somebody ordered it. */
const LATE_WORD_MS = 2 * SECOND_MS;

export function watchExits(options: WatchExitsOptions): ExitWatch {
  const { deathOf, capture, tell, clock, pause } = options;
  const abort = new AbortController();
  /** By identity: when the last one was taken, and how many ends came since. */
  const taken = new Map<string, { at: Instant; exitsSince: number }>();
  let lately: Instant[] = [];
  const atWork = new Set<Promise<void>>();

  /** How many ends came since the last one that was taken, or undefined where this one must not be taken. */
  function admit(identity: string, now: Instant): number | undefined {
    lately = lately.filter((at) => at > now - HOUR_MS);
    const last = taken.get(identity);
    const isDue = last === undefined || now - last.at >= AGAIN_MS;
    const exitsSince = last?.exitsSince ?? 0;
    taken.delete(identity); // behind all others: the first is the one that is quiet for longest
    if (!isDue || lately.length >= MOST_AN_HOUR) {
      taken.set(identity, { at: last?.at ?? -Infinity, exitsSince: exitsSince + 1 });
      return undefined;
    }
    taken.set(identity, { at: now, exitsSince: 0 });
    lately.push(now);
    const [oldest] = taken.size > MOST_IDENTITIES ? taken.keys() : [];
    if (oldest !== undefined) taken.delete(oldest);
    return exitsSince;
  }

  async function take(subject: Subject, { at, attributes }: EngineEvent, exitsBefore: number): Promise<void> {
    const exitCode = exitCodeOf(attributes);
    const outOfMemory = deathOf(subject.id, at)?.outOfMemory ?? false;
    const ended = { at, exitCode, outOfMemory };
    const postMortem = await capture(subject, { trigger: "unexpected-exit", exitsBefore, ended });
    await pause(LATE_WORD_MS, { signal: abort.signal }).catch(() => undefined); // an abort ends the wait
    const death = deathOf(subject.id, at);
    if (death?.expected === true) return void taken.delete(subject.identity);
    const { evidence } = postMortem;
    tell({
      ...postMortem,
      evidence: { ...evidence, outOfMemory: evidence.outOfMemory || (death?.outOfMemory ?? false) },
    });
  }

  return {
    take(event) {
      const { type, action, subject: id, at, attributes } = event;
      if (type !== "container" || action !== "die" || id === "") return;
      const death = deathOf(id, at);
      if (death?.expected === true) return;
      if ((exitCodeOf(attributes) ?? 0) === 0 && death?.outOfMemory !== true) return;
      const subject = options.subjectOf(id) ?? byEvent(event);
      const exitsBefore = admit(subject.identity, clock());
      if (exitsBefore === undefined) return;
      const work = take(subject, event, exitsBefore).finally(() => atWork.delete(work));
      atWork.add(work);
    },
    async stop() {
      abort.abort();
      await Promise.all(atWork);
    },
  };
}

function exitCodeOf({ exitCode = "" }: EngineEvent["attributes"]): number | undefined {
  return /^\d{1,6}$/.test(exitCode) ? Number(exitCode) : undefined;
}

/** One that came and went between two looks. */
function byEvent({ subject, attributes: { name = "", image = "" } }: EngineEvent): Subject {
  return { id: subject as ContainerId, name, image, identity: `name:${name}` };
}
