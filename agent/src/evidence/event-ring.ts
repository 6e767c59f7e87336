import type { EngineEvent } from "@shipkeeper/docker";
import { MOST_RECENT_EVENTS, type Evidence } from "@shipkeeper/protocol";

type Told = Evidence["events"][number];

const MOST_CONTAINERS = 10_000;
/** What of an event belongs to its action, and holds nothing that people write. */
const DETAILS = ["health", "exitCode", "signal"] as const;

export interface EventRing {
  take(event: EngineEvent): void;
  /** Oldest first. */
  of(containerId: string): Told[];
}

/** The last events of each container, of those that something happened to last. */
export function eventRing(): EventRing {
  const events = new Map<string, readonly Told[]>();

  return {
    take({ type, action, subject, attributes, at }) {
      if (type !== "container" || subject === "") return;
      const detail = DETAILS.map((key) => attributes[key]).find((value) => value !== undefined);
      const told = {
        at,
        action: action.slice(0, 64),
        ...(detail !== undefined && { detail: detail.slice(0, 200) }),
      };
      const before = events.get(subject) ?? [];
      events.delete(subject); // behind all others: the first is the one that nothing happened to for longest
      events.set(subject, [...before, told].slice(-MOST_RECENT_EVENTS));
      const [oldest] = events.size > MOST_CONTAINERS ? events.keys() : [];
      if (oldest !== undefined) events.delete(oldest);
    },
    of: (containerId) => [...(events.get(containerId) ?? [])],
  };
}
