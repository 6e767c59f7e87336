/**
 * Tells what the agent does to containers from what somebody else does to them at the same time, by the events that the
 * engine announces. Owns the attribution; what follows from it others decide.
 */
import { MINUTE_MS, type Clock, type Instant } from "@shipkeeper/kit";
import type { EngineEvent } from "@shipkeeper/docker";
import { isStoppedByOthers, type StopOrder } from "./whose-stop.ts";

export interface OwnActs {
  /** To be fed with what the engine announces, before anybody asks. */
  take(event: EngineEvent): void;
  /** Begins to listen to what happens to a container that the agent is about to change. */
  begin(id: string): OwnAct;
  /** Whether the agent did what an event tells; undefined of containers that it has not in hand. Ask after `take`. */
  isOwn(event: EngineEvent): boolean | undefined;
}

export interface OwnAct {
  /** A stop is ordered now; from `killsFrom` on the engine kills for it. */
  stops(order: StopOrder): void;
  /** A start is ordered now. */
  starts(): void;
  /** A pause is ordered now; its end is the agent's, too. */
  pauses(): void;
  /** Whether somebody else stops the container as well, by what was announced so far. */
  isStoppedByOthers(): boolean;
  /** Resolves when the engine announced this of the container, at once where it did already, or when `mostMs` passed. */
  announced(action: string, mostMs: number): Promise<void>;
  end(): void;
}

/** Announcements may come after the call that caused them. */
const LINGER_MS = 5_000;
const MOST_EVENTS = 1_000;

interface Watched {
  readonly events: EngineEvent[];
  stop?: StopOrder;
  startAt?: Instant;
  pauseAt?: Instant;
  endedAt?: Instant;
  readonly waiting: Set<() => void>;
}

export function ownActs({ clock }: { readonly clock: Clock }): OwnActs {
  const watched = new Map<string, Watched>();
  const verdicts = new WeakMap<EngineEvent, boolean>();

  function judge({ stop, startAt, pauseAt, events }: Watched, { action, at }: EngineEvent): boolean {
    if (action === "kill" || action === "die" || action === "stop") {
      return stop !== undefined && at >= stop.at && !isStoppedByOthers(events, stop);
    }
    if (action === "start") return startAt !== undefined && at >= startAt;
    if (action === "pause" || action === "unpause") {
      const isFirst = events.filter((event) => event.action === action).length === 1;
      return pauseAt !== undefined && at >= pauseAt && isFirst;
    }
    return action === "rename" || action === "create" || action === "destroy";
  }

  function forgetOld(): void {
    for (const [id, { endedAt }] of watched) {
      if (endedAt !== undefined && clock() - endedAt > MINUTE_MS) watched.delete(id);
    }
  }

  return {
    take(event) {
      const one = event.type === "container" ? watched.get(event.subject) : undefined;
      if (one === undefined || event.at > (one.endedAt ?? Infinity) + LINGER_MS) return;
      if (one.events.length < MOST_EVENTS) one.events.push(event);
      verdicts.set(event, judge(one, event));
      for (const look of one.waiting) look();
    },

    isOwn: (event) => verdicts.get(event),

    begin(id) {
      forgetOld();
      const one: Watched = { events: [], waiting: new Set() };
      watched.set(id, one);
      return {
        stops: (order) => void (one.stop = order),
        starts: () => void (one.startAt = clock()),
        pauses: () => void (one.pauseAt = clock()),
        isStoppedByOthers: () => one.stop !== undefined && isStoppedByOthers(one.events, one.stop),
        async announced(action, mostMs) {
          const isThere = () => one.events.some((event) => event.action === action);
          if (isThere()) return;
          const { promise, resolve } = Promise.withResolvers<void>();
          const look = () => isThere() && resolve();
          const timer = setTimeout(resolve, mostMs);
          one.waiting.add(look);
          await promise;
          clearTimeout(timer);
          one.waiting.delete(look);
        },
        end: () => void (one.endedAt = clock()),
      };
    },
  };
}
