/** Wakes containers that the agent made stand still, and does not let go before each of them runs or is somebody else's. */
import { DeadlinePassed, errorChain, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import { DockerUnavailable, type Engine } from "@shipkeeper/docker";
import type { Logger } from "@shipkeeper/runtime";
import type { QuiescedContainer, QuiesceJournal } from "../ledger/quiesced.ts";
import type { OwnAct } from "../own-acts.ts";
import { resume } from "./resume.ts";

export interface WakeOptions {
  readonly journal: QuiesceJournal;
  readonly engine: Engine;
  /** Since when the engine answers without a break; undefined while it does not. */
  readonly engineUpSince: () => Instant | undefined;
  /** Tells of what a person may have to mend. */
  readonly trouble: (code: string, message: string) => void;
  readonly clock: Clock;
  readonly pause: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
  readonly log: Logger;
}

/** A container that stands still, or is about to. */
export interface Halted {
  readonly held: QuiescedContainer;
  readonly act: OwnAct;
  /** Lets go of it, for others to work on. */
  readonly release: () => void;
  /** Resolves when the order came to its end; false where the container stands still by somebody else's doing. */
  ordered: Promise<boolean>;
  /** When it ran again. */
  wokenAt?: Instant;
}

export interface Waker {
  /**
   * Of containers in the order in which they were taken, the last one first. Resolves when each of them runs, is
   * somebody else's, or was told as one that the engine will not start; that one is tried again until it runs.
   */
  wakeAll(halted: readonly Halted[]): Promise<void>;
  /** Ends all tries: what is left is in the journal, for the next start. */
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 250;
/** An engine that comes up again is asked within this time. */
const RETRY_MS = SECOND_MS;
/** A port is taken, a folder is gone: somebody may mend that. */
const REFUSED_RETRY_MS = 10 * SECOND_MS;
const MOST_REFUSALS = 3;
/** Who depends on another waits for it to run again, but not without end. */
const PREDECESSOR_MS = 10 * SECOND_MS;

export function createWaker(options: WakeOptions): Waker {
  const { journal, engine, clock, pause, log } = options;
  const ended = new AbortController();
  const waking = new Set<Promise<void>>();
  const rest = (ms: number) => pause(ms, { signal: ended.signal }).catch(() => undefined); // an abort ends the rest

  function wake(one: Halted): Promise<void> {
    const handedOver = Promise.withResolvers<void>();
    const done = insist(one, handedOver.resolve).finally(() => {
      waking.delete(done);
      handedOver.resolve();
    });
    waking.add(done);
    return handedOver.promise;
  }

  async function insist(one: Halted, handOver: () => void): Promise<void> {
    if (!(await one.ordered)) return letGo(one);
    for (let refusals = 0; !ended.signal.aborted;) {
      try {
        if (await isAwake(one)) return letGo(one);
        await rest(LOOK_EVERY_MS);
      } catch (error) {
        const isAway = error instanceof DockerUnavailable || error instanceof DeadlinePassed;
        log.warn({ error, container: one.held.name }, "a container that stands still cannot be woken yet");
        if (!isAway) refusals += 1;
        if (!isAway && refusals === MOST_REFUSALS) {
          options.trouble("container_not_resumed", explain(one, error));
          handOver();
        }
        await rest(refusals >= MOST_REFUSALS ? REFUSED_RETRY_MS : RETRY_MS);
      }
    }
  }

  async function isAwake(one: Halted): Promise<boolean> {
    const { held, act } = one;
    const upSince = options.engineUpSince();
    const result = await resume(held, {
      engine,
      now: clock(),
      wakes: () => act.starts(),
      // An engine that goes down ends containers as a person would.
      isStoppedByOthers: () => upSince !== undefined && upSince <= held.orderedAt && act.isStoppedByOthers(),
    });
    if (result === "pending") return false;
    one.wokenAt = clock();
    log.info({ container: held.name, how: held.how, result }, "a container stands still no more");
    return true;
  }

  function letGo({ held, act, release }: Halted): void {
    journal.end(held.id, clock());
    act.end();
    release();
  }

  return {
    async wakeAll(halted) {
      const woken: Promise<void>[] = [];
      for (const one of halted.toReversed()) {
        const done = wake(one);
        woken.push(done);
        // Who others depend on runs again before them.
        await Promise.race([done, rest(PREDECESSOR_MS)]);
      }
      await Promise.all(woken);
    },

    async stop() {
      ended.abort();
      await Promise.all(waking);
    },
  };
}

function explain({ held }: Halted, error: unknown): string {
  const done = held.how === "stop" ? "stopped" : "paused";
  return `container ${held.name} was ${done} for a backup and does not run again: ${errorChain(error)}`;
}
