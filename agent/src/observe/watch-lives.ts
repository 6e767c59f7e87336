/** Remembers how the containers of a host lived lately, through restarts of the agent. */
import { MINUTE_MS, type Clock, type Instant } from "@shipkeeper/kit";
import type { EngineEvent } from "@shipkeeper/docker";
import { isComplete, type Container, type Inventory } from "@shipkeeper/model";
import type { Death, Touch } from "@shipkeeper/policy";
import type { Documents } from "../ledger/documents.ts";
import { afterEvent, LIFE_KEPT_MS, lifeSchema, lifeSince, type Life } from "./container-life.ts";

export interface WatchLivesOptions {
  readonly memory: Documents;
  readonly clock: Clock;
  /** Whether the agent itself did to a container what an event tells. */
  readonly isOwnAct: (event: EngineEvent) => boolean;
  readonly container: (id: string) => Container | undefined;
  /** Since when the engine is up; undefined while it is not known to be. */
  readonly engineUpSince: () => Instant | undefined;
}

export interface Lives {
  take(event: EngineEvent): void;
  /** What the engine remembers of the time before the agent began, oldest first; what is known already counts once. */
  takePast(events: readonly EngineEvent[]): void;
  /** Forgets what is gone or long ago, and puts on disk what changed since the last call. */
  look(inventory: Inventory): void;
  /** Puts on disk what changed since the last call. */
  save(): void;
  deaths(): ReadonlyMap<string, readonly Death[]>;
  touches(): ReadonlyMap<string, Touch>;
}

const MOST_CONTAINERS = 10_000;
/** An engine that comes up starts what has a restart policy within this time. */
const ENGINE_STARTS_MS = MINUTE_MS;
/** A look may be older than an event that came meanwhile. */
const LOOK_LAG_MS = MINUTE_MS;

export function watchLives(options: WatchLivesOptions): Lives {
  const { memory, clock, isOwnAct } = options;
  const lives = readLives(memory);
  const changed = new Set<string>();

  function keep(id: string, life: Life | undefined): void {
    changed.add(id);
    lives.delete(id);
    if (life === undefined) return;
    lives.set(id, life); // behind all others: the first is the one that nothing happened to for longest
    const [oldest] = lives.size > MOST_CONTAINERS ? lives.keys() : [];
    if (oldest !== undefined) keep(oldest, undefined);
  }

  function engineStarts(at: Instant): boolean {
    const upSince = options.engineUpSince();
    return upSince === undefined || at < upSince + ENGINE_STARTS_MS;
  }

  /** Where no look has shown the container yet, the engine gets the benefit: it is the quicker of the two. */
  function isRevived(id: string): boolean {
    return options.container(id)?.restartPolicy.name !== "no";
  }

  function save(): void {
    if (changed.size === 0) return;
    memory.save(new Map(Array.from(changed, (id) => [id, lives.get(id)])));
    changed.clear();
  }

  function take(event: EngineEvent): void {
    const { type, subject: id, action, at } = event;
    if (type !== "container" || id === "") return;
    const before = lives.get(id);
    if (action === "destroy") return keep(id, undefined);
    const after = afterEvent(before, event, {
      own: isOwnAct(event),
      revived: isRevived(id),
      engineStarts: engineStarts(at),
    });
    if (after !== before) keep(id, after && lifeSince(after, clock() - LIFE_KEPT_MS));
  }

  return {
    take,

    takePast(events) {
      const knownUntil = new Map(Array.from(lives, ([id, { at }]) => [id, at]));
      for (const event of events) if (event.at > (knownUntil.get(event.subject) ?? 0)) take(event);
    },

    look(inventory) {
      const present = new Set<string>(inventory.containers.map(({ id }) => id));
      const isWhole = isComplete(inventory, "containers");
      const since = clock() - LIFE_KEPT_MS;
      for (const [id, life] of lives) {
        const isGone = isWhole && !present.has(id) && life.at < inventory.takenAt - LOOK_LAG_MS;
        const isOver = life.at < since || (life.deaths[0]?.at ?? since) < since;
        if (isGone) keep(id, undefined);
        else if (isOver) keep(id, lifeSince(life, since));
      }
      save();
    },

    save,

    deaths: () =>
      new Map([...lives].flatMap(([id, { deaths }]) => (deaths.length === 0 ? [] : [[id, deaths]]))),
    touches: () =>
      new Map([...lives].flatMap(([id, { touch }]) => (touch === undefined ? [] : [[id, touch]]))),
  };
}

function readLives(memory: Documents): Map<string, Life> {
  const read = [...memory.all()].flatMap(([id, document]): [string, Life][] => {
    const life = lifeSchema.safeParse(document).data;
    return life === undefined ? [] : [[id, life]];
  });
  return new Map(read.sort(([, a], [, b]) => a.at - b.at));
}
