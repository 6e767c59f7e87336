import type { Instant } from "@shipkeeper/kit";
import type { EngineEvent } from "../engine.ts";

/** As many as a real engine remembers for those who come back. */
const MOST_REMEMBERED = 256;

/** The event stream of the fake engine: what happened lately, and everyone who listens. */
export interface EventFeed {
  announce(event: EngineEvent): void;
  follow(options: { since?: Instant; signal: AbortSignal }): AsyncGenerator<EngineEvent>;
  past(since: Instant): EngineEvent[];
  /** Ends every open stream with this error. */
  breakStreams(error: Error): void;
}

interface Listener {
  readonly waiting: EngineEvent[];
  broken?: Error;
  wake: () => void;
}

export function eventFeed(): EventFeed {
  const remembered: EngineEvent[] = [];
  const listeners = new Set<Listener>();

  function past(since: Instant): EngineEvent[] {
    return remembered.filter(({ at }) => at >= since);
  }

  return {
    announce(event) {
      remembered.push(event);
      if (remembered.length > MOST_REMEMBERED) remembered.shift();
      for (const listener of listeners) {
        listener.waiting.push(event);
        listener.wake();
      }
    },

    past,

    async *follow({ since, signal }) {
      const waiting = since === undefined ? [] : past(since);
      const listener: Listener = { waiting, wake: () => {} };
      const abort = () => listener.wake();
      listeners.add(listener);
      signal.addEventListener("abort", abort);
      try {
        while (!signal.aborted) {
          if (listener.broken !== undefined) throw listener.broken;
          const event = listener.waiting.shift();
          if (event !== undefined) yield event;
          else await new Promise<void>((resolve) => (listener.wake = resolve));
        }
      } finally {
        signal.removeEventListener("abort", abort);
        listeners.delete(listener);
      }
    },

    breakStreams(error) {
      for (const listener of listeners) {
        listener.broken = error;
        listener.wake();
      }
    },
  };
}
