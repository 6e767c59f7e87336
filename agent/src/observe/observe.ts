/**
 * Keeps one inventory of the host up to date: events say where to look again, a full look from time to time makes
 * good what events missed. It cannot change anything, and does not judge what it sees.
 */
import { MINUTE_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import {
  changesOf,
  createInventoryReader,
  mergeSizes,
  type EngineEvent,
  type EngineReader,
  type InventoryReader,
  type SizesReading,
} from "@shipkeeper/docker";
import type { Image, Inventory, OwnerRules } from "@shipkeeper/model";
import type { EntryOf } from "@shipkeeper/protocol";
import { startLoop, stopAll, type Logger, type Service } from "@shipkeeper/runtime";
import type { AgentLedger } from "../ledger/ledger.ts";
import { followEvents } from "./follow-events.ts";
import { tellEvents } from "./tell-events.ts";

export interface ObserveOptions {
  readonly engine: EngineReader;
  readonly ledger: Pick<
    AgentLedger,
    "remember" | "rememberUse" | "rememberTag" | "rememberNeed" | "annotate"
  >;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resyncIntervalMs: number;
  /** How owners are found, by the policy in force. */
  readonly ownerRules?: () => OwnerRules;
  /** Called with what happened to containers and is worth telling. */
  readonly onEvent: (entry: EntryOf<"event">) => void;
  /** Paths whose file systems are measured besides the engine's. */
  readonly disks?: readonly string[];
  readonly reader?: InventoryReader;
}

export interface Observer extends Service {
  /** Undefined before the first look. Parts that could not be read are gaps. */
  current(): Inventory | undefined;
  /** A full look now; the inventory that it gives is also the current one. */
  refreshNow(): Promise<Inventory>;
  /** Calls back after every look, whether it showed something new or not. Returns what ends it. */
  subscribe(listener: (inventory: Inventory) => void): () => void;
  /** Calls back with what the engine announces, as it comes. Returns what ends it. */
  follow(follower: EventFollower): () => void;
}

export interface EventFollower {
  take(event: EngineEvent): void;
  /** The stream of events broke, or could not be opened: the engine may be away, and events be lost. */
  broke?(): void;
}

/** More events than this between two looks, and a full look costs less than theirs together. */
const MOST_PENDING = 1_000;
/** Events come in bursts: the second of a burst shall not cost a second look. */
const GATHER_MS = 100;
const FIRST_SIZES_MS = 10 * SECOND_MS;
const LEAST_SIZES_INTERVAL_MS = 15 * MINUTE_MS;
/** Walking the disks may take this share of the time: one fiftieth. */
const SIZES_REST_FACTOR = 50;

export function startObserving(options: ObserveOptions): Observer {
  const { engine, ledger, clock, log } = options;
  const reader =
    options.reader ??
    createInventoryReader(engine, { clock, ...(options.disks && { disks: options.disks }) });
  const abort = new AbortController();
  const listeners = new Set<(inventory: Inventory) => void>();
  const followers = new Set<EventFollower>([tellEvents(options.onEvent)]);

  /** As the engine tells it, without sizes and memory: what the next look builds on. */
  let seen: Inventory | undefined;
  let sizes: SizesReading | undefined;
  let current: Inventory | undefined;
  let pending: EngineEvent[] = [];
  let mustResync = true;
  let resyncedAt: Instant = -Infinity;
  let lastLook: Promise<unknown> = Promise.resolve();

  /** One look after the other: a slow one must not overwrite what a later one saw. */
  function inTurn<T>(look: () => Promise<T>): Promise<T> {
    const mine = lastLook.then(look);
    lastLook = mine.catch(() => undefined);
    return mine;
  }

  async function lookAtAll(): Promise<Inventory> {
    const events = takePending();
    mustResync = false;
    resyncedAt = clock();
    return take(await reader.readAll(abort.signal), events);
  }

  async function lookAtChanges(before: Inventory): Promise<Inventory> {
    const events = takePending();
    return take(await reader.refresh(before, changesOf(events), abort.signal), events);
  }

  function takePending(): EngineEvent[] {
    const events = pending;
    pending = [];
    return events;
  }

  /** A look, and the events that it came after. */
  function take(look: Inventory, events: readonly EngineEvent[]): Inventory {
    seen = look;
    ledger.remember(look);
    events.forEach(rememberTag);
    return publish(look);
  }

  function publish(inventory: Inventory): Inventory {
    const sized = sizes === undefined ? inventory : mergeSizes(inventory, sizes);
    current = ledger.annotate(sized, options.ownerRules?.());
    for (const listener of listeners) listener(current);
    return current;
  }

  function takeEvent(event: EngineEvent): void {
    for (const follower of followers) follower.take(event);
    rememberUse(event);
    rememberNeed(event);
    if (pending.length >= MOST_PENDING) mustResync = true;
    else pending.push(event);
    looking.nudge();
  }

  /** A container may come and go between two looks: its image was used all the same. */
  function rememberUse({ type, action, attributes, at }: EngineEvent): void {
    if (type !== "container" || (action !== "create" && action !== "start")) return;
    const image = imageNamed(attributes["image"]);
    if (image !== undefined) ledger.rememberUse(image, at);
  }

  /** The same for the volumes and networks of a container. */
  function rememberNeed({ type, action, subject, at }: EngineEvent): void {
    if (type === "volume" && action === "mount") ledger.rememberNeed("volumes", subject, at);
    if (type === "network" && (action === "connect" || action === "disconnect")) {
      ledger.rememberNeed("networks", subject, at);
    }
  }

  /** A pull names what it brought, not an id: only the look that follows tells which image has that name. */
  function rememberTag({ type, action, subject, at }: EngineEvent): void {
    if (type !== "image" || (action !== "tag" && action !== "pull")) return;
    const image = imageNamed(subject);
    if (image !== undefined) ledger.rememberTag(image, at);
  }

  function imageNamed(name: string | undefined): Image | undefined {
    if (name === undefined) return undefined;
    return seen?.images.find(
      ({ id, tags, digests }) =>
        id === name || tags.includes(name) || tags.includes(`${name}:latest`) || digests.includes(name),
    );
  }

  const looking = startLoop({
    name: "look",
    log,
    retryMs: 5 * SECOND_MS,
    async turn() {
      const dueAt = resyncedAt + options.resyncIntervalMs;
      await inTurn(async () => {
        if (seen === undefined || mustResync || clock() >= dueAt) await lookAtAll();
        else if (pending.length > 0) await lookAtChanges(seen);
      });
      // Also paces a storm of events: what comes now is gathered until the next turn.
      return pending.length > 0 || mustResync
        ? GATHER_MS
        : Math.max(GATHER_MS, resyncedAt + options.resyncIntervalMs - clock());
    },
  });

  const following = followEvents({
    engine,
    clock,
    log,
    onEvent: takeEvent,
    onConnect() {
      mustResync = true;
      looking.nudge();
    },
    onBreak() {
      for (const follower of followers) follower.broke?.();
    },
  });

  const measuring = startLoop({
    name: "measure sizes",
    log,
    firstMs: FIRST_SIZES_MS,
    retryMs: LEAST_SIZES_INTERVAL_MS,
    async turn(signal) {
      const begunAt = performance.now();
      sizes = await reader.readSizes(signal);
      const tookMs = performance.now() - begunAt;
      await inTurn(async () => seen !== undefined && publish(seen));
      return Math.max(LEAST_SIZES_INTERVAL_MS, SIZES_REST_FACTOR * tookMs);
    },
  });

  return {
    name: "observer",
    current: () => current,
    refreshNow: () => inTurn(lookAtAll),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    follow(follower) {
      followers.add(follower);
      return () => void followers.delete(follower);
    },
    async stop() {
      abort.abort();
      await stopAll([following, looking, measuring], log);
    },
  };
}
