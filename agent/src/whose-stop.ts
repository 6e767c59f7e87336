import type { Instant } from "@shipkeeper/kit";
import type { EngineEvent } from "@shipkeeper/docker";

/** What the agent ordered of a container. */
export interface StopOrder {
  readonly at: Instant;
  /** From when on the engine, or the agent itself, sends SIGKILL for this order. */
  readonly killsFrom: Instant;
}

/** HUP, USR1, USR2, CONT, WINCH: they ask for a new configuration or a turned log far more often than for an end. */
export const GENTLE_SIGNALS: ReadonlySet<string> = new Set(["1", "10", "12", "18", "28"]);
const SIGKILL = "9";
/** The engine begins to count a moment before or after we do. */
const AROUND_MS = 500;

/**
 * Whether somebody else stops a container while the agent does, by what the engine announced of it since. Every stop
 * announces one signal and one `stop`; only one of each is the agent's. A container may be made to stop by a gentle
 * signal: such a one then takes the place of the firm one.
 */
export function isStoppedByOthers(events: readonly EngineEvent[], { at, killsFrom }: StopOrder): boolean {
  const since = events.filter((event) => event.type === "container" && event.at >= at);
  const signals = since.filter(
    (event) => event.action === "kill" && !(signalOf(event) === SIGKILL && event.at >= killsFrom - AROUND_MS),
  );
  const firm = signals.filter((event) => !GENTLE_SIGNALS.has(signalOf(event)));
  const stops = since.filter(({ action }) => action === "stop");
  return firm.length > 1 || (firm.length === 0 && signals.length > 1) || stops.length > 1;
}

/** Whether anybody had a container end since then, where the agent itself ordered no such thing. */
export function isStoppedByAnybody(events: readonly EngineEvent[], since: Instant): boolean {
  return events.some(
    (event) =>
      event.type === "container" &&
      event.at >= since &&
      (event.action === "stop" || (event.action === "kill" && !GENTLE_SIGNALS.has(signalOf(event)))),
  );
}

function signalOf({ attributes }: EngineEvent): string {
  return attributes["signal"] ?? "";
}
