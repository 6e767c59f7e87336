import type { Logger } from "./log.ts";
import type { Service } from "./service.ts";

export interface LoopOptions {
  readonly name: string;
  readonly log: Logger;
  /** One turn. What it returns is the wait before the next in milliseconds; a throw is logged and waits `retryMs`. */
  readonly turn: (signal: AbortSignal) => Promise<number>;
  readonly retryMs: number;
  /** Before the first turn. */
  readonly firstMs?: number;
}

export interface Loop extends Service {
  /** Ends the present wait: the next turn begins at once, or right after the one that runs. */
  nudge(): void;
}

/** Turns one after the other, never two at once, until stopped. `stop` aborts the turn's signal and waits for its end. */
export function startLoop({ name, log, turn, retryMs, firstMs = 0 }: LoopOptions): Loop {
  const abort = new AbortController();
  let wake: (() => void) | undefined;
  let nudged = false;

  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      if (nudged || abort.signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).finally(() => {
      wake = undefined;
      nudged = false;
    });

  const run = async () => {
    await wait(firstMs);
    while (!abort.signal.aborted) {
      let nextMs = retryMs;
      try {
        nextMs = await turn(abort.signal);
      } catch (error) {
        if (!abort.signal.aborted) log.warn({ error, loop: name }, "a turn failed; the loop goes on");
      }
      await wait(nextMs);
    }
  };
  const ended = run();

  return {
    name,
    nudge() {
      nudged = true;
      wake?.();
    },
    async stop() {
      abort.abort();
      wake?.();
      await ended;
    },
  };
}
