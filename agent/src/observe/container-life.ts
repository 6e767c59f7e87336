/** How a container lived lately, told event by event: its deaths, and what somebody other than the agent did to it. Pure. */
import { DAY_MS, MINUTE_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";
import type { EngineEvent } from "@shipkeeper/docker";
import { instantSchema } from "@shipkeeper/model";
import { deathSchema, touchSchema, type Death, type Touch } from "@shipkeeper/policy";
import * as z from "zod";
import { GENTLE_SIGNALS } from "../whose-stop.ts";

export const lifeSchema = z.object({
  /** When the last event of it was. */
  at: instantSchema,
  deaths: z.array(deathSchema),
  touch: touchSchema.optional(),
  /** Until when its end is no surprise, because somebody sent its process a signal. */
  endOrderedUntil: instantSchema.optional(),
  /** When the kernel last killed a process of it for want of memory. */
  outOfMemoryAt: instantSchema.optional(),
  /** It was made and has not been started yet. */
  unborn: z.boolean().optional(),
});
export type Life = z.infer<typeof lifeSchema>;

/** What an event alone does not tell. */
export interface Circumstances {
  /** Whether the agent itself did it. */
  readonly own: boolean;
  /** Whether the engine starts it by itself: it has a restart policy. */
  readonly revived: boolean;
  /** Whether the engine came up a moment ago, or is not known to be up. */
  readonly engineStarts: boolean;
}

const MOST_DEATHS = 20;
export const LIFE_KEPT_MS = DAY_MS;
/** Longer than the stop timeouts that people give; the engine's own word follows for what takes longer. */
const STOP_WINDOW_MS = 10 * MINUTE_MS;
const GENTLE_WINDOW_MS = 10 * SECOND_MS;
/** The engine may tell of a death before it tells of the signal that caused it. */
const LATE_WORD_MS = 2 * SECOND_MS;
/** Between the kernel's kill for want of memory and the death that comes of it. */
const OUT_OF_MEMORY_WINDOW_MS = 10 * SECOND_MS;

/** The engine waits a minute at most before it starts a container again. */
const MOST_REVIVAL_MS = 70 * SECOND_MS;

const TOUCHES = touchSchema.shape.what;

/** The life after one more event of the container; the same object where the event tells nothing of it. */
export function afterEvent(
  before: Life | undefined,
  event: EngineEvent,
  circumstances: Circumstances,
): Life | undefined {
  const { action, at, attributes } = event;
  const life: Life = { ...before, at, deaths: before?.deaths ?? [] };
  switch (action) {
    case "create":
      return { ...life, unborn: true };
    case "kill":
      return afterSignal(life, attributes["signal"] ?? "", { at, own: circumstances.own });
    case "oom":
      return afterOutOfMemory(life, at);
    case "die":
      return afterDeath(life, attributes["exitCode"], at);
    case "start": {
      const { unborn, ...born } = life;
      if (circumstances.own || unborn === true) return born;
      return isRevival(born, at, circumstances) ? withoutStop(born) : touched(born, action, at);
    }
    case "stop": {
      const ordered = withLastDeath(life, (death) => ({ ...death, expected: true }));
      return circumstances.own ? ordered : touched(ordered, action, at);
    }
    default: {
      const what = TOUCHES.safeParse(action).data;
      return what === undefined || circumstances.own ? before : touched(life, what, at);
    }
  }
}

/** What planners may still go by; undefined where nothing is left. */
export function lifeSince(life: Life, since: Instant): Life | undefined {
  const { touch, ...rest } = life;
  const deaths = life.deaths.filter(({ at }) => at >= since);
  const recent = touch !== undefined && touch.at >= since ? { touch } : {};
  const isOver = life.at < since || (deaths.length === 0 && !("touch" in recent) && !hasPending(life));
  return isOver ? undefined : { ...rest, deaths, ...recent };
}

function hasPending({ endOrderedUntil, outOfMemoryAt, unborn }: Life): boolean {
  return endOrderedUntil !== undefined || outOfMemoryAt !== undefined || unborn === true;
}

function touched(life: Life, what: Touch["what"], at: Instant): Life {
  return { ...life, touch: { at, what } };
}

function afterSignal(life: Life, signal: string, { at, own }: { at: Instant; own: boolean }): Life {
  const gentle = GENTLE_SIGNALS.has(signal);
  const last = life.deaths.at(-1);
  const signalled =
    last !== undefined && at - last.at < LATE_WORD_MS
      ? withLastDeath(life, (death) => ({ ...death, expected: true }))
      : { ...life, endOrderedUntil: at + (gentle ? GENTLE_WINDOW_MS : STOP_WINDOW_MS) };
  return gentle || own ? signalled : touched(signalled, "kill", at);
}

function afterOutOfMemory(life: Life, at: Instant): Life {
  const last = life.deaths.at(-1);
  return last !== undefined && at - last.at < LATE_WORD_MS
    ? withLastDeath(life, (death) => ({ ...death, outOfMemory: true }))
    : { ...life, outOfMemoryAt: at };
}

function afterDeath(life: Life, exitCode: string | undefined, at: Instant): Life {
  const { endOrderedUntil, outOfMemoryAt, deaths, ...rest } = life;
  const death: Death = {
    at,
    ...(exitCode !== undefined && /^\d{1,6}$/.test(exitCode) && { exitCode: Number(exitCode) }),
    outOfMemory: outOfMemoryAt !== undefined && at - outOfMemoryAt < OUT_OF_MEMORY_WINDOW_MS,
    expected: endOrderedUntil !== undefined && at < endOrderedUntil,
  };
  return { ...rest, deaths: [...deaths, death].slice(-MOST_DEATHS) };
}

/** A start that no person made: after a death that nobody ordered, or because the engine itself came up. */
function isRevival({ deaths }: Life, at: Instant, { revived, engineStarts }: Circumstances): boolean {
  const last = deaths.at(-1);
  const followsDeath = last?.expected === false && at - last.at < MOST_REVIVAL_MS;
  return revived && (engineStarts || followsDeath);
}

/** An engine that goes down stops its containers as a person would: it is told from one by starting them again. */
function withoutStop({ touch, ...life }: Life): Life {
  const isStop = touch?.what === "stop" || touch?.what === "kill";
  return touch === undefined || isStop ? life : { ...life, touch };
}

function withLastDeath(life: Life, change: (death: Death) => Death): Life {
  const last = life.deaths.at(-1);
  return last === undefined ? life : { ...life, deaths: [...life.deaths.slice(0, -1), change(last)] };
}
