/**
 * Follows from look to look which containers are up, and tells what changed, and for which stretches of time it
 * watched. What a look means is judged by the policy package; nothing is counted here.
 */
import { DAY_MS, MINUTE_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import type { Gap, Inventory } from "@shipkeeper/model";
import {
  availabilityChangeSchema,
  isGone,
  judgeLook,
  NOT_WATCHING,
  watchOn,
  watchSpanSchema,
  type AvailabilityChange,
  type Signals,
  type WatchSpan,
} from "@shipkeeper/policy";
import { MOST_AVAILABILITY_CHANGES, type EntryOf } from "@shipkeeper/protocol";
import type { Service } from "@shipkeeper/runtime";
import type { AgentLedger } from "../ledger/ledger.ts";

export interface TrackAvailabilityOptions {
  readonly ledger: Pick<AgentLedger, "toldAvailability" | "lastWatch"> & {
    readonly expiries: Pick<AgentLedger["expiries"], "all">;
  };
  readonly signals: () => Signals;
  readonly clock: Clock;
  readonly resyncIntervalMs: number;
  /** Throws where the entry cannot be queued: what it told is told again with the next look. */
  readonly record: (entry: EntryOf<"availability">) => void;
  readonly failed: (error: unknown) => void;
}

export interface AvailabilityTracker extends Service {
  /** After every look at the host, and when signals say more of the same. */
  look(inventory: Inventory): void;
}

/** So old may figures be at a collector while nothing changes. */
const TELL_WATCH_MS = 15 * MINUTE_MS;
/** A crash of the agent forgets so much of what it watched. */
const REMEMBER_WATCH_MS = MINUTE_MS;
/** A collector that lost its memory learns within a day what is up for long. */
const TELL_ALL_AGAIN_MS = DAY_MS;
/** The longest that one look may take, and some more. */
const LOOK_MS = 90 * SECOND_MS;
const MOST_SPANS = 50;
const THE_ONE = "last";

export function trackAvailability(options: TrackAvailabilityOptions): AvailabilityTracker {
  const { record, failed } = options;
  const { toldAvailability, lastWatch, expiries } = options.ledger;
  const known = new Map(
    [...toldAvailability.all()].flatMap(([identity, document]): [string, AvailabilityChange][] => {
      const change = availabilityChangeSchema.safeParse(document).data;
      return change === undefined ? [] : [[identity, change]];
    }),
  );
  // Two looks in a row may be missed before the time between counts as not watched.
  const mostApartMs = 2 * options.resyncIntervalMs + LOOK_MS;

  let watching = NOT_WATCHING;
  let endedSpans: WatchSpan[] = [...lastWatch.all().values()].flatMap(
    (document) => watchSpanSchema.safeParse(document).data ?? [],
  );
  let toldUntil = -Infinity;
  let rememberedUntil = -Infinity;
  let toldAllAt: Instant | undefined;
  let lastGap: Gap | undefined;

  function tell(at: Instant, changes: readonly AvailabilityChange[]): void {
    const watched = [...endedSpans, ...(watching.span === undefined ? [] : [watching.span])];
    for (let first = 0; first === 0 || first < changes.length; first += MOST_AVAILABILITY_CHANGES) {
      const some = changes.slice(first, first + MOST_AVAILABILITY_CHANGES);
      record({ kind: "availability", at, changes: some, watched });
    }
    for (const change of changes) {
      if (isGone(change)) known.delete(change.identity);
      else known.set(change.identity, change);
    }
    endedSpans = [];
    toldUntil = watching.span?.to ?? toldUntil;
  }

  function remember(changes: readonly AvailabilityChange[]): void {
    toldAvailability.save(
      new Map(changes.map((change) => [change.identity, isGone(change) ? undefined : change])),
    );
    if (watching.span !== undefined) lastWatch.save(new Map([[THE_ONE, watching.span]]));
    rememberedUntil = watching.span?.to ?? rememberedUntil;
  }

  function take({ takenAt, containers, gaps }: Inventory): void {
    const at = options.clock();
    const gap = gaps.find(({ section, subject }) => section === "containers" && subject === undefined);
    // A list that failed stays a gap of every partial look until the next full one: it failed once, not again and again.
    if (gap !== undefined && gap === lastGap) return;
    lastGap = gap;

    const { next, ended } = watchOn(watching, { at: takenAt, answered: gap === undefined }, mostApartMs);
    watching = next;
    endedSpans = [...endedSpans, ...ended].slice(-MOST_SPANS);
    toldAllAt ??= at;
    const mustTellAll = at - toldAllAt >= TELL_ALL_AGAIN_MS;
    if (mustTellAll) toldAllAt = at;

    const changes =
      gap === undefined
        ? judgeLook(
            { now: at, inventory: { containers, gaps }, signals: options.signals(), expired: expired() },
            known,
          )
        : [];
    const until = watching.span?.to ?? -Infinity;
    const changed = new Set(changes.map(({ identity }) => identity));
    const unchanged = [...known.values()].filter(({ identity }) => !changed.has(identity));
    if (mustTellAll) tell(at, [...unchanged, ...changes]);
    else if (changes.length > 0 || ended.length > 0 || until - toldUntil >= TELL_WATCH_MS) tell(at, changes);
    if (changes.length > 0 || ended.length > 0 || until - rememberedUntil >= REMEMBER_WATCH_MS)
      remember(changes);
  }

  function expired(): ReadonlySet<string> {
    const stopped = expiries.all().filter(({ stopped: end }) => end !== undefined);
    return new Set(stopped.map(({ containerId }) => containerId));
  }

  /** What fails is tried again with the next look, because only what was told counts as known. */
  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      failed(error);
    }
  }

  return {
    name: "availability",
    look: (inventory) => attempt(() => take(inventory)),
    stop() {
      const { span } = watching;
      attempt(() => {
        if (span !== undefined && span.to > toldUntil) tell(span.to, []);
        remember([]);
      });
      return Promise.resolve();
    },
  };
}
