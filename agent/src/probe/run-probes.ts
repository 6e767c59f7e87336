/**
 * Asks containers by the probes of the policy in force, each at its own pace, and remembers how each stands. What follows
 * from an answer is for planners.
 */
import { MINUTE_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
import type { Container, ContainerId, Inventory } from "@shipkeeper/model";
import {
  probesFor,
  type Probe,
  type ProbesOfContainer,
  type ProbeSources,
  type ProbeState,
} from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import type { Ask, Asked } from "./ask.ts";
import { afterAnswer, isNews, type Row } from "./probe-state.ts";
import { troublesOnce } from "./troubles-once.ts";

export interface ProbingOptions {
  readonly observer: {
    current(): Inventory | undefined;
    subscribe(listener: (inventory: Inventory) => void): () => void;
  };
  /** What says which probes there are; undefined while no policy is in force. */
  readonly sources: () => ProbeSources | undefined;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tell: (entry: EntryOf<"trouble">) => void;
  /** Called when a probe fails, is confirmed to, and when it answers again: planners should know at once. */
  readonly found: () => void;
  /** From 0 to 1: spreads the probes of a host over time. */
  readonly random?: () => number;
}

export interface Probing extends Service {
  /** Container id → how its probes stand, but for those that cannot be asked; containers that run and have probes. */
  states(): ReadonlyMap<string, readonly ProbeState[]>;
}

/** A host of a thousand containers must not open a thousand connections at once. */
const MOST_AT_ONCE = 32;
/** The first probe of a container comes within this time, however seldom the others. */
const MOST_FIRST_MS = 2 * SECOND_MS;
const LEAST_WAIT_MS = 50;
const MOST_WAIT_MS = 10 * SECOND_MS;
/** A program that hangs in a container stays there, so that each further one comes later. */
const MOST_HANGING_WAIT_MS = 30 * MINUTE_MS;

/** One probe of one life of a container. */
interface Watched {
  readonly probe: Probe;
  row: Row | undefined;
  dueAt: Instant;
  isAsked: boolean;
  /** It cannot be asked, as the last try showed. */
  isMute: boolean;
  /** Programs that did not end, one after the other. */
  hanging: number;
}

/** A container from its start to its end. */
interface Life {
  container: Container;
  readonly bornAt: Instant;
  watched: readonly Watched[];
}

export function startProbing(options: ProbingOptions): Probing {
  const { observer, ask, clock, log, random = Math.random } = options;
  const abort = new AbortController();
  const lives = new Map<ContainerId, Life>();
  const underWay = new Set<Promise<void>>();
  const troubles = troublesOnce({ code: "probe_not_asked", clock, tell: options.tell });
  let sources: ProbeSources | undefined;
  let probesOf: (container: Container) => ProbesOfContainer = () => ({ probes: [], problems: [] });
  let containers: readonly Container[] = [];

  /** Reads the policies again where they, or the guardrails, are others. */
  function takeSources(): void {
    const now = options.sources();
    if (now?.bundle === sources?.bundle && now?.guardrails === sources?.guardrails) return;
    sources = now;
    probesOf = now === undefined ? () => ({ probes: [], problems: [] }) : probesFor(now);
    for (const life of lives.values()) refit(life);
  }

  /** The probes that the container has now; those that stay as they were keep what they know. */
  function refit(life: Life): void {
    const { probes, problems } = probesOf(life.container);
    for (const problem of problems) troubles.tell(`container ${life.container.name}: ${problem}`);
    const before = new Map(life.watched.map((one) => [JSON.stringify(one.probe), one]));
    life.watched = probes.map((probe) => before.get(JSON.stringify(probe)) ?? beginning(probe));
  }

  function beginning(probe: Probe): Watched {
    const dueAt = clock() + Math.floor(random() * Math.min(MOST_FIRST_MS, probe.everyMs));
    return { probe, row: undefined, dueAt, isAsked: false, isMute: false, hanging: 0 };
  }

  function follow(inventory: Inventory): void {
    takeSources();
    containers = inventory.containers;
    const running = containers.filter(({ state }) => state === "running");
    const gone = new Set(lives.keys());
    for (const container of running) {
      gone.delete(container.id);
      const life = lives.get(container.id);
      const bornAt = container.startedAt ?? life?.bornAt ?? clock();
      if (life?.bornAt === bornAt) {
        const isRenamed = life.container.name !== container.name;
        life.container = container;
        if (isRenamed) refit(life);
      } else {
        const born: Life = { container, bornAt, watched: [] };
        refit(born);
        lives.set(container.id, born);
      }
    }
    for (const id of gone) lives.delete(id);
    asking.nudge();
  }

  function due(now: Instant): [Life, Watched][] {
    const all = [...lives.values()].flatMap((life) =>
      life.watched.map((one): [Life, Watched] => [life, one]),
    );
    return all
      .filter(([, { isAsked, dueAt }]) => !isAsked && dueAt <= now)
      .sort(([, a], [, b]) => a.dueAt - b.dueAt);
  }

  function begin(life: Life, watched: Watched): void {
    watched.isAsked = true;
    watched.dueAt = clock() + watched.probe.everyMs;
    const asked = ask(watched.probe, { container: life.container, containers, signal: abort.signal })
      .then((answer) => take(life, watched, answer))
      .finally(() => {
        watched.isAsked = false;
        underWay.delete(asked);
        asking.nudge();
      });
    underWay.add(asked);
  }

  function take(life: Life, watched: Watched, answer: Asked): void {
    const { container, bornAt } = life;
    const { probe, row } = watched;
    // Of another life, or another policy: nobody asks for it any more.
    if (lives.get(container.id) !== life || !life.watched.includes(watched)) return;
    watched.isMute = answer.ok === "not-asked";
    if (answer.ok === "not-asked") {
      log.debug(
        { probe: probe.name, container: container.name, why: answer.said },
        "a probe could not be asked",
      );
      return troubles.tell(
        `container ${container.name}: probe ${probe.name} cannot be asked: ${answer.said}`,
      );
    }
    watched.hanging = answer.hangs === true ? watched.hanging + 1 : 0;
    if (watched.hanging > probe.failures) {
      const waitMs = probe.everyMs * 2 ** Math.min(20, watched.hanging - probe.failures);
      watched.dueAt = clock() + Math.min(MOST_HANGING_WAIT_MS, waitMs);
    }
    const after = afterAnswer(row, { at: clock(), ok: answer.ok, said: answer.said }, { probe, bornAt });
    watched.row = after;
    if (isNews(row, after)) options.found();
  }

  const asking = startLoop({
    name: "probe containers",
    log,
    retryMs: SECOND_MS,
    async turn() {
      takeSources();
      const now = clock();
      for (const [life, watched] of due(now).slice(0, MOST_AT_ONCE - underWay.size)) begin(life, watched);
      const waiting = [...lives.values()].flatMap(({ watched }) => watched.filter(({ isAsked }) => !isAsked));
      const nextAt = waiting.reduce((earliest, { dueAt }) => Math.min(earliest, dueAt), now + MOST_WAIT_MS);
      return Math.max(LEAST_WAIT_MS, nextAt - now);
    },
  });

  const known = observer.current();
  if (known !== undefined) follow(known);
  const unsubscribe = observer.subscribe(follow);

  return {
    name: "probing",
    states() {
      const probed = Array.from(
        lives,
        ([id, { watched }]) => [id, watched.filter((one) => !one.isMute)] as const,
      );
      const asking = probed.filter(([, watched]) => watched.length > 0);
      return new Map(
        asking.map(([id, watched]) => [id, watched.map((one) => one.row?.state ?? unasked(one.probe))]),
      );
    },
    async stop() {
      abort.abort();
      unsubscribe();
      await asking.stop();
      await Promise.all(underWay);
    },
  };
}

/** It counts for nothing until it was asked in this life of the container. */
function unasked({ name, way, failures: needed }: Probe): ProbeState {
  return { probe: name, kind: way.kind, lastAt: 0, failuresInARow: 0, needed, said: "not asked yet" };
}
