/**
 * Watches the logs of all containers: how much each writes, which lines match the policy's patterns, and bursts. Every
 * minute one look at each, and more often at those that would be overwritten within the minute. Lines are searched
 * here and stay here; what is told is counted.
 */
import { MINUTE_MS, type Clock, type Instant } from "@shipkeeper/kit";
import {
  followLog,
  logCapacityOf,
  logFileOf,
  type FollowOptions,
  type LogFile,
  type LogFollower,
} from "@shipkeeper/docker";
import { isAlive, isComplete, type Container, type ContainerId, type Inventory } from "@shipkeeper/model";
import { logDemandOf, type LogRule } from "@shipkeeper/policy";
import { MOST_WATCHED_LOGS, type EntryOf } from "@shipkeeper/protocol";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import { burstNews } from "./burst-news.ts";
import { watchContainer, type WatchedContainer } from "./watched-container.ts";

export interface LogWatchOptions {
  readonly observer: {
    current(): Inventory | undefined;
    subscribe(listener: (inventory: Inventory) => void): () => void;
  };
  /** What the policy in force wants of this host's logs. */
  readonly rules: () => readonly LogRule[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly tell: (entry: EntryOf<"log-watch"> | EntryOf<"event">) => void;
  readonly follow?: (file: LogFile, options: FollowOptions) => LogFollower;
}

export interface LogWatch extends Service {
  /** When the container last wrote to its log; undefined where that cannot be seen, or nothing was written yet. */
  lastLogAt(id: ContainerId): Instant | undefined;
}

/** Of one container and of all together in one minute. */
const MOST_SCANNED_BYTES = 2 ** 20;
const MOST_SCANNED_ON_HOST = 16 * MOST_SCANNED_BYTES;
const TOLD_EVERY_MS = 10 * MINUTE_MS;
/** Where containers come and go faster than that, their last words are lost. */
const MOST_LEAVING = 1_000;

export function startLogWatch(options: LogWatchOptions): LogWatch {
  const watcher = createLogWatcher(options);
  const looking = startLoop({
    name: "watch logs",
    log: options.log,
    retryMs: MINUTE_MS,
    turn: () => watcher.turn(),
  });
  const unsubscribe = options.observer.subscribe((inventory) => {
    if (watcher.follow(inventory)) looking.nudge();
  });
  return {
    name: "log watch",
    lastLogAt: (id) => watcher.lastLogAt(id),
    async stop() {
      unsubscribe();
      await looking.stop();
      await watcher.close();
    },
  };
}

export interface LogWatcher {
  /** Takes over the containers that there are; true where one came that was not watched. */
  follow(inventory: Inventory): boolean;
  /** Looks at every log that is due. Returns how long nothing is, in milliseconds. */
  turn(): Promise<number>;
  lastLogAt(id: ContainerId): Instant | undefined;
  close(): Promise<void>;
}

export function createLogWatcher(options: LogWatchOptions): LogWatcher {
  const { observer, rules, clock, log, tell, follow = followLog } = options;
  const since = clock();
  const watched = new Map<ContainerId, WatchedContainer>();
  /** Gone from the engine: what they wrote to the end is still counted, and told once. */
  const leaving = new Set<ContainerId>();
  /** One for all looks, which come one after the other. */
  const scratch = Buffer.allocUnsafeSlow(MOST_SCANNED_BYTES);
  let scanned = new Map<WatchedContainer, number>();
  let minuteAt = since;
  // The first word after a minute: people wait for it.
  let toldAt = since + MINUTE_MS - TOLD_EVERY_MS;
  let turns = 0;

  function followContainers(inventory: Inventory): boolean {
    const { containers, engine } = inventory;
    if (engine === undefined) return false;
    const { rootDir } = engine;
    const wanted = rules();
    const gone = new Set(watched.keys());
    let hasNew = false;
    // Those that run first, should there be more than can be watched.
    const byLife = [...containers].sort((a, b) => Number(isAlive(b)) - Number(isAlive(a)));
    for (const container of byLife.slice(0, MOST_WATCHED_LOGS)) {
      const known = watched.get(container.id) ?? begin(container, rootDir);
      known.update(container, logDemandOf(wanted, container));
      hasNew ||= !watched.has(container.id);
      watched.set(container.id, known);
      gone.delete(container.id);
    }
    // A list with a hole in it does not say that the others are gone.
    if (isComplete(inventory, "containers")) for (const id of gone) leave(id);
    return hasNew;
  }

  function leave(id: ContainerId): void {
    const left = watched.get(id);
    left?.leave();
    leaving.add(id);
    if (leaving.size > MOST_LEAVING) letGo();
  }

  function letGo(): void {
    for (const id of leaving) {
      watched
        .get(id)
        ?.close()
        .catch((error: unknown) => log.warn({ error }, "a log could not be closed"));
      watched.delete(id);
    }
    leaving.clear();
  }

  function begin(container: Container, rootDir: string): WatchedContainer {
    const file = logFileOf(rootDir, container);
    const { fileBytes, files } = logCapacityOf(container) ?? { files: 0 };
    const follower = file && follow(file, { since, ...(files === 1 ? { emptiedAtBytes: fileBytes } : {}) });
    return watchContainer(container, { follower, now: clock() });
  }

  async function lookAt(one: WatchedContainer, leftOnHost: number): Promise<number> {
    const mine = scanned.get(one) ?? 0;
    const mostBytes = Math.max(0, Math.min(MOST_SCANNED_BYTES - mine, leftOnHost));
    try {
      const bytes = await one.look(clock(), { mostBytes, scratch });
      scanned.set(one, mine + bytes);
      return bytes;
    } catch (error) {
      log.warn({ error, container: one.container.name }, "a log could not be read; the next look follows");
      return 0;
    }
  }

  async function lookAtAll(which: readonly WatchedContainer[]): Promise<void> {
    let left = MOST_SCANNED_ON_HOST - [...scanned.values()].reduce((sum, bytes) => sum + bytes, 0);
    // Another one comes first each time: where the host's bound is met, it is not always the same that are left out.
    const first = which.length === 0 ? 0 : turns++ % which.length;
    for (const one of [...which.slice(first), ...which.slice(0, first)]) left -= await lookAt(one, left);
  }

  function closeMinute(now: Instant): void {
    const news = [...watched.values()].flatMap((one) => {
      const before = one.burst?.burst;
      one.closeMinute(now);
      return burstNews(one.container, { before, after: one.burst?.burst }, now);
    });
    minuteAt = now;
    scanned = new Map();
    for (const entry of news) tell(entry);
    if (news.length === 0 && now - toldAt < TOLD_EVERY_MS) return;
    toldAt = now;
    tell(whatIsKnown(now));
    letGo();
  }

  function whatIsKnown(now: Instant): EntryOf<"log-watch"> {
    const told = [...watched.values()].flatMap((one) => one.tell(now) ?? []);
    return { kind: "log-watch", at: now, from: since, containers: told };
  }

  return {
    follow: followContainers,
    async turn() {
      const isMinuteOver = clock() >= minuteAt + MINUTE_MS;
      const inventory = observer.current();
      // Between two minutes only what changed on the host is taken over; policies come with the minute.
      if (inventory !== undefined && (isMinuteOver || watched.size === 0)) followContainers(inventory);
      const due = [...watched.values()].filter((one) => isMinuteOver || one.dueAt <= clock());
      await lookAtAll(due);
      if (isMinuteOver) closeMinute(clock());
      const nextAt = Math.min(minuteAt + MINUTE_MS, ...[...watched.values()].map(({ dueAt }) => dueAt));
      return Math.max(0, nextAt - clock());
    },
    lastLogAt: (id) => watched.get(id)?.lastAt,
    async close() {
      await Promise.all([...watched.values()].map((one) => one.close()));
      watched.clear();
    },
  };
}
