/**
 * What watching a host tells beyond its inventory: how containers end, who touched them, whether engine and host are
 * fit. It gathers facts for planners and judges none of them.
 */
import { uptime } from "node:os";
import { SECOND_MS, errorChain, type Clock } from "@shipkeeper/kit";
import { readLoad, type EngineAddress, type EngineEvent, type EngineReader } from "@shipkeeper/docker";
import type { Inventory } from "@shipkeeper/model";
import { NO_SIGNALS, type Load, type Signals } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import type { AgentLedger } from "../ledger/ledger.ts";
import { pausesFile } from "../pauses-file.ts";
import type { Observer } from "./observe.ts";
import { LIFE_KEPT_MS } from "./container-life.ts";
import { tellPauses } from "./tell-pauses.ts";
import { engineBeganAt, watchEngine } from "./watch-engine.ts";
import { watchGhosts } from "./watch-ghosts.ts";
import { watchLives } from "./watch-lives.ts";

export interface WatchHostOptions {
  readonly observer: Pick<Observer, "current" | "subscribe" | "follow">;
  readonly engine: Pick<EngineReader, "container" | "pastEvents">;
  readonly ledger: Pick<AgentLedger, "journal" | "quiesced" | "lives" | "toldPauses">;
  /** Whether the agent did what an event tells; undefined where the journal knows it better. */
  readonly isOwnAct: (event: EngineEvent) => boolean | undefined;
  /** Where the engine listens. */
  readonly docker: EngineAddress;
  /** The file with the pauses that were ordered. */
  readonly pauses: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tell: (entry: EntryOf<"event"> | EntryOf<"trouble">) => void;
  /** Called when a container is found to be a ghost: planners should know at once. */
  readonly found: () => void;
  /** Since when the host is up, in seconds. */
  readonly uptime?: () => number;
  readonly load?: typeof readLoad;
}

/** What the watch itself finds; the rest of the signals has other sources. */
export type WatchedSignals = Omit<Signals, "probes" | "busy" | "sickImages">;

export interface HostWatch extends Service {
  signals(): WatchedSignals;
}

const LOOK_EVERY_MS = 5 * SECOND_MS;

export function watchHost(options: WatchHostOptions): HostWatch {
  const { observer, ledger, clock, log, tell } = options;
  // Asked once: each answer differs from the last by a few milliseconds.
  const hostUpSince = Math.floor(clock() - (options.uptime ?? uptime)() * SECOND_MS);
  const engine = watchEngine({ clock, hostUpSince, engineBegan: () => engineBeganAt(options.docker) });
  const lives = watchLives({
    memory: ledger.lives,
    clock,
    isOwnAct: (event) => options.isOwnAct(event) ?? wasOwn(event),
    container: (id) => observer.current()?.containers.find((one) => one.id === id),
    engineUpSince: () => engine.upSince(),
  });
  /** Of what happened while no agent watched. */
  const wasOwn = ({ subject, at }: EngineEvent) =>
    ledger.journal.wasAtWorkOn(subject, at) || ledger.quiesced.wasHeld(subject, at);
  const ghosts = watchGhosts(options);
  const tellOfPauses = tellPauses({ memory: ledger.toldPauses, clock, tell });
  const pausesAt = pausesFile(options.pauses);
  let load: Load = NO_SIGNALS.load;

  const unfollow = observer.follow({
    take: (event) => lives.take(event),
    broke: () => engine.broke(),
  });
  const unsubscribe = observer.subscribe((inventory: Inventory) => {
    engine.look(inventory);
    lives.look(inventory);
    if (!knowsPast) looking.nudge();
  });
  let knowsPast = false;
  /** Once, when the engine answers for the first time: what happened while no agent watched. */
  async function lookBack(signal: AbortSignal): Promise<void> {
    if (knowsPast || engine.upSince() === undefined) return;
    knowsPast = true;
    try {
      lives.takePast(await options.engine.pastEvents({ since: clock() - LIFE_KEPT_MS, signal }));
    } catch (error) {
      if (!signal.aborted) log.warn({ error: errorChain(error) }, "what happened before is not known");
    }
  }

  const looking = startLoop({
    name: "watch the host",
    log,
    retryMs: LOOK_EVERY_MS,
    async turn(signal) {
      const inventory = observer.current();
      const disk = inventory?.engine?.rootDir;
      load = (options.load ?? readLoad)({ disk });
      tellOfPauses(pausesAt(clock()));
      const haunted = ghosts.ghosts().size;
      await lookBack(signal);
      await ghosts.look(inventory?.containers ?? [], signal);
      if (ghosts.ghosts().size > haunted) options.found();
      return LOOK_EVERY_MS;
    },
  });

  return {
    name: "host watch",
    signals() {
      const engineUpSince = engine.upSince();
      return {
        deaths: lives.deaths(),
        touches: lives.touches(),
        ghosts: ghosts.ghosts(),
        pauses: pausesAt(clock()).pauses,
        ...(engineUpSince !== undefined && { engineUpSince }),
        hostUpSince,
        load,
      };
    },
    async stop() {
      unfollow();
      unsubscribe();
      await looking.stop();
      lives.save();
    },
  };
}
