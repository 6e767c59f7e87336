import { assert, type Clock, type Instant } from "@shipkeeper/kit";

/** A clock that stands still until a test moves it. */
export interface HandClock {
  now: Clock;
  /** Moves forward and wakes the sleepers whose time has come, in the order of their time. */
  advance(ms: number): Promise<void>;
  /** Resolves when the clock was moved far enough; rejects with the signal's reason. */
  sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>;
  /** How many sleep now: a test awaits this before it moves the clock. */
  sleepers(): number;
}

interface Sleeper {
  wakeAt: Instant;
  wake: () => void;
}

/** A hand-moved clock that begins at `start`, for instance `Date.parse("2030-01-31T02:00:00Z")`. */
export function handClock(start: Instant): HandClock {
  let now = start;
  let sleeping: Sleeper[] = [];

  return {
    now: () => now,

    async advance(ms) {
      assert(ms >= 0, "time does not run backwards");
      const until = now + ms;
      for (;;) {
        const first = sleeping.toSorted((a, b) => a.wakeAt - b.wakeAt)[0];
        if (first === undefined || first.wakeAt > until) break;
        now = first.wakeAt;
        sleeping = sleeping.filter((other) => other !== first);
        first.wake();
        await settled(); // a woken loop may go to sleep again within the same stretch
      }
      now = until;
    },

    async sleep(ms, { signal } = {}) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper = { wakeAt: now + ms, wake: resolve };
      const abort = () => {
        sleeping = sleeping.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      sleeping.push(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
      await promise.finally(() => signal?.removeEventListener("abort", abort));
    },

    sleepers: () => sleeping.length,
  };
}

/** One turn of the event loop: whatever follows from promises that are already resolved has run after it. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
