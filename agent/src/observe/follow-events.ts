/** Follows the engine's event stream for as long as it is told to, through restarts of the engine. */
import { SECOND_MS, backoffMs, type Clock } from "@shipkeeper/kit";
import type { EngineEvent, EngineReader } from "@shipkeeper/docker";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";

export interface FollowOptions {
  readonly engine: Pick<EngineReader, "events">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Each event once, as far as the engine remembers. */
  readonly onEvent: (event: EngineEvent) => void;
  /** The stream is opened, again or for the first time: events may have been lost before. */
  readonly onConnect: () => void;
  /** The stream broke, or could not be opened. */
  readonly onBreak: () => void;
}

const RECONNECT = { firstMs: 500, mostMs: 30 * SECOND_MS };
/** The engine repeats 256 events at most to those who come back. */
const MOST_REMEMBERED = 512;

export function followEvents({ engine, clock, log, onEvent, onConnect, onBreak }: FollowOptions): Service {
  const seen = new Set<string>();
  let since = clock();
  let failures = 0;

  /** False for what an earlier stream brought already. */
  function isNew(event: EngineEvent): boolean {
    const key = [event.at, event.type, event.action, event.subject, event.attributes["health"]].join(" ");
    if (seen.has(key)) return false;
    seen.add(key);
    for (const oldest of seen) {
      if (seen.size <= MOST_REMEMBERED) break;
      seen.delete(oldest);
    }
    return true;
  }

  return startLoop({
    name: "follow events",
    log,
    retryMs: RECONNECT.mostMs,
    async turn(signal) {
      try {
        onConnect();
        for await (const event of engine.events({ since, signal })) {
          failures = 0;
          since = Math.max(since, event.at);
          if (isNew(event)) onEvent(event);
        }
      } catch (error) {
        if (!signal.aborted) {
          log.info({ error }, "the engine's event stream broke");
          onBreak();
        }
      }
      failures += 1;
      return backoffMs(RECONNECT, failures);
    },
  });
}
