import { setTimeout as pause } from "node:timers/promises";
import { DeadlinePassed } from "@shipkeeper/kit";

export interface WaitOptions {
  /** What is awaited, as a noun phrase: it becomes the error's message. */
  what: string;
  deadlineMs: number;
  /** Pause between two looks. */
  everyMs?: number;
}

type Falsy = false | 0 | "" | null | undefined;

/**
 * Polls until the condition answers something truthy, and returns that. A condition that throws counts as not yet met.
 *
 * @throws DeadlinePassed which says what was awaited; its cause is the last value seen, or the last error thrown.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { what, deadlineMs, everyMs = 25 }: WaitOptions,
): Promise<Exclude<T, Falsy>> {
  const deadline = performance.now() + deadlineMs;

  let last: { value: unknown } | { error: unknown };
  do {
    try {
      const value = await beforeDeadline(condition, deadline);
      if (value) return value as Exclude<T, Falsy>;
      last = { value };
    } catch (error) {
      last = { error };
    }
    await pause(everyMs);
  } while (performance.now() < deadline);

  const cause = "error" in last ? last.error : new Error(`last seen: ${show(last.value)}`);
  throw new DeadlinePassed(what, deadlineMs, { cause });
}

/** A condition that hangs (a frozen engine never answers) must not outlive the deadline. */
async function beforeDeadline<T>(condition: () => T | Promise<T>, deadline: number): Promise<T> {
  const giveUp = new AbortController();
  const leftMs = Math.max(1, deadline - performance.now());
  const timeout = pause(leftMs, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error("the condition itself gave no answer");
  });
  timeout.catch(() => undefined); // an abort rejects it, too, when nobody listens any more

  try {
    return await Promise.race([condition(), timeout]);
  } finally {
    giveUp.abort();
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 500);
}
