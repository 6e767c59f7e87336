/**
 * Makes containers stand still while something is done with their data, and wakes them again: when it is done, when it
 * fails, when it takes too long, when the agent stops, and after a crash at the agent's next start. What is ordered is
 * on disk before. Which containers, and what for, others decide.
 */
import { assert, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { DEFAULT_STOP_SECONDS, type Container, type ContainerId, type RunId } from "@shipkeeper/model";
import type { Service } from "@shipkeeper/runtime";
import { onceAborted } from "../once-aborted.ts";
import type { OwnActs } from "../own-acts.ts";
import { ContainerBusy, QuiesceTimeout } from "./quiesce-problems.ts";
import { createWaker, type Halted, type WakeOptions } from "./wake.ts";

export interface QuiesceOptions extends WakeOptions {
  /** Has a container in hand, so that nobody heals it meanwhile; undefined while somebody else has it. */
  readonly claim: (id: ContainerId) => (() => void) | undefined;
  readonly ownActs: OwnActs;
  /** The containers that the agent itself runs in. */
  readonly self: readonly string[];
}

export interface QuiesceOrder {
  readonly runId: RunId;
  readonly how: "pause" | "stop";
  /** In the order in which they are taken: who depends on others goes first. Those that do not run are left as they are. */
  readonly containers: readonly ContainerId[];
  readonly maxQuiesceMs: number;
  /** Aborts when the agent stops. */
  readonly signal: AbortSignal;
}

export interface Quiesced<T> {
  readonly value: T;
  /** How long each container stood still. */
  readonly downtimes: readonly Downtime[];
}

export interface Downtime {
  readonly name: string;
  readonly ms: number;
}

export interface Quiesce extends Service {
  /** Resolves once what an earlier life of the agent made stand still was woken, as far as the engine lets it. */
  readonly replayed: Promise<void>;
  /**
   * Has the containers stand still while `work` is done, whose signal aborts when they have to run again. They run again
   * before this resolves or rejects, or a trouble says which does not and why. Throws what `work` throws,
   * `ContainerBusy` with nothing done, `QuiesceTimeout`, or the engine's refusal.
   */
  hold<T>(order: QuiesceOrder, work: (signal: AbortSignal) => Promise<T>): Promise<Quiesced<T>>;
}

/** What an agent that stops waits for an engine that does not answer; the next start wakes what is left. */
const STOP_WAIT_MS = MINUTE_MS;

/** Wakes at once what an earlier life of the agent left, whatever the policy says by now. */
export function startQuiesce(options: QuiesceOptions): Quiesce {
  const { journal, engine, ownActs, claim, clock, log } = options;
  const waker = createWaker(options);

  const left = journal.all().map((held): Halted => {
    const release = claim(held.id) ?? (() => undefined);
    return { held, act: ownActs.begin(held.id), release, ordered: Promise.resolve(true) };
  });
  if (left.length > 0) {
    log.warn(
      { containers: left.map(({ held }) => held.name) },
      "wakes what an earlier life left standing still",
    );
  }
  const replayed = waker.wakeAll(left);

  /** What runs of these, in their order. */
  async function runningOf(ids: readonly ContainerId[]): Promise<Container[]> {
    const running: Container[] = [];
    for (const id of ids) {
      assert(!options.self.includes(id), "the agent never makes itself stand still");
      const container = await engine.container(id);
      if (container?.state === "running") running.push(container);
    }
    return running;
  }

  /** All of them or none: half of a group that stands still is worth nothing. */
  function claimAll(containers: readonly Container[]): (() => void)[] {
    const releases: (() => void)[] = [];
    for (const { id, name } of containers) {
      const release = claim(id);
      if (release === undefined) {
        for (const undo of releases) undo();
        throw new ContainerBusy(name);
      }
      releases.push(release);
    }
    return releases;
  }

  /** On disk first, then ordered. False where it stands still by somebody else's doing, or is gone. */
  async function halt({ held, act }: Omit<Halted, "ordered">): Promise<boolean> {
    const { id, how, orderedAt } = held;
    journal.begin(held);
    if (how === "pause") {
      act.pauses();
      return (await engine.pauseContainer(id)) === "paused";
    }
    act.stops({ at: orderedAt, killsFrom: orderedAt + held.stopTimeoutMs });
    return (await engine.stopContainer(id)) === "stopped";
  }

  async function hold<T>(
    order: QuiesceOrder,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<Quiesced<T>> {
    order.signal.throwIfAborted();
    const running = await runningOf(order.containers);
    if (running.length === 0) return { value: await work(order.signal), downtimes: [] };

    const releases = claimAll(running);
    const halted: Halted[] = [];
    const limit = limitOf(order);

    async function haltAndWork(): Promise<T> {
      for (const [position, container] of running.entries()) {
        limit.signal.throwIfAborted();
        const held = { ...entryOf(container, order), position, orderedAt: clock(), until: limit.until };
        const release = releases[position] ?? (() => undefined);
        const one = { held, act: ownActs.begin(held.id), release };
        const halting = halt(one);
        // What failed may have happened all the same: looking tells.
        halted.push({ ...one, ordered: halting.catch(() => true) });
        await halting;
      }
      limit.signal.throwIfAborted();
      return work(limit.signal);
    }

    const doing = haltAndWork();
    try {
      await Promise.race([settled(doing), onceAborted(limit.signal)]);
      limit.end();
      await Promise.race([waker.wakeAll(halted), hasLongStopped(order.signal)]);
      const value = await doing;
      // It came to an end although it was given up: what it read may be of after the wake-up.
      limit.signal.throwIfAborted();
      return { value, downtimes: halted.map(downtimeOf) };
    } finally {
      await settled(doing);
      for (const release of releases.slice(halted.length)) release();
    }
  }

  /** Aborts when the time is over, or when the agent stops, until it is ended. */
  function limitOf({ maxQuiesceMs, signal }: QuiesceOrder) {
    const over = new AbortController();
    const watchdog = new AbortController();
    const stops = () => over.abort(signal.reason);
    signal.addEventListener("abort", stops, { once: true });
    void options.pause(maxQuiesceMs, { signal: watchdog.signal }).then(
      () => over.abort(new QuiesceTimeout(maxQuiesceMs)),
      () => undefined, // everything ended in time
    );
    const end = () => {
      watchdog.abort();
      signal.removeEventListener("abort", stops);
    };
    return { signal: over.signal, until: clock() + maxQuiesceMs, end };
  }

  /** Resolves when the agent has been stopping for so long that nothing is to be hoped for any more. */
  async function hasLongStopped(signal: AbortSignal): Promise<void> {
    await onceAborted(signal);
    await options.pause(STOP_WAIT_MS, { signal: new AbortController().signal });
  }

  function downtimeOf({ held, wokenAt }: Halted): Downtime {
    return { name: held.name, ms: Math.max(0, (wokenAt ?? clock()) - held.orderedAt) };
  }

  return { name: "quiesce", replayed, hold, stop: () => waker.stop() };
}

function entryOf(container: Container, { runId, how }: QuiesceOrder) {
  const { id, name, startedAt = 0, stopTimeoutSeconds = DEFAULT_STOP_SECONDS } = container;
  return { id, name, runId, how, startedAt, stopTimeoutMs: Math.max(0, stopTimeoutSeconds) * SECOND_MS };
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  );
}
