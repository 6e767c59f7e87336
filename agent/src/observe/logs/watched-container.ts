/** One container's log as it is watched: looks gather into the present minute, and a minute that is over is judged. */
import { maskSecrets, MINUTE_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";
import { logCapacityOf, type LogFollower } from "@shipkeeper/docker";
import { isAlive, type Container } from "@shipkeeper/model";
import { lineMatcher, MOST_LINE_LENGTH, type LogDemand, type WatchedLog } from "@shipkeeper/policy";
import { judgeBurst, type BurstState } from "./judge-burst.ts";
import { addMinute, emptyTally, figuresOf, type LogTally } from "./log-tally.ts";

/** A busy log whose few files would be overwritten within the minute is looked at more often, but no more than this. */
const LEAST_LOOK_MS = SECOND_MS;
/** Taken for granted of every log until its own pace is known to be higher. */
const ASSUMED_BYTES_PER_SECOND = 100_000;
/** What is masked of a line: a secret at its end must not be cut in two before it is known for one. */
const MOST_MASKED = 4_096;

export interface LookBudget {
  readonly mostBytes: number;
  readonly scratch: Buffer;
}

export interface WatchedContainer {
  readonly container: Container;
  readonly burst: BurstState | undefined;
  readonly lastAt: Instant | undefined;
  readonly dueAt: Instant;
  /** As the inventory and the policy have it now. */
  update(container: Container, demand: LogDemand): void;
  /** Returns how many bytes it read. */
  look(now: Instant, budget: LookBudget): Promise<number>;
  /** Ends the present minute. */
  closeMinute(now: Instant): void;
  /** Undefined where there is nothing to say. */
  tell(now: Instant): WatchedLog | undefined;
  /** The engine has it no longer. */
  leave(): void;
  close(): Promise<void>;
}

/** Without a follower the log is not kept in a file that this agent reads. */
export function watchContainer(
  first: Container,
  { follower, now: since }: { follower: LogFollower | undefined; now: Instant },
): WatchedContainer {
  let container = first;
  let burstLimits: LogDemand["burst"] = {};
  let matchers: readonly { name: string; matches: (line: string) => boolean }[] = [];
  let patternsMark = "";
  let tally: LogTally = emptyTally(since);
  let minute = emptyMinute(since);
  let burst: BurstState | undefined;
  let sample: WatchedLog["sample"];
  let lastAt: Instant | undefined;
  let isVisible = true;
  let isInsideLine = false;
  let dueAt = since;
  let bytesPerSecond = ASSUMED_BYTES_PER_SECOND;

  function update(next: Container, { patterns, burst: limits }: LogDemand): void {
    container = next;
    burstLimits = limits;
    const mark = JSON.stringify(patterns);
    if (mark === patternsMark) return;
    patternsMark = mark;
    matchers = Object.entries(patterns).map(([name, text]) => ({ name, matches: lineMatcher(text) }));
  }

  async function look(now: Instant, { mostBytes, scratch }: LookBudget): Promise<number> {
    if (follower === undefined) {
      dueAt = Infinity;
      return 0;
    }
    // Before anything can fail: what cannot be read is not tried again at once.
    dueAt = now + lookAgainMs(container, bytesPerSecond);
    let found: { pattern: string; line: string } | undefined;
    const take = (text: string, endsLine: boolean) => {
      const isContinued = isInsideLine;
      isInsideLine = !endsLine;
      if (isContinued) return;
      for (const { name, matches } of matchers) {
        if (!matches(text)) continue;
        minute.matches.set(name, (minute.matches.get(name) ?? 0) + 1);
        found = { pattern: name, line: text };
      }
    };
    const wanted = matchers.length === 0 ? undefined : take;
    const seen = await follower.look({ take: wanted, mostBytes, scratch });
    isVisible = seen !== undefined;
    if (found !== undefined)
      sample = { at: seen?.lastAt ?? now, pattern: found.pattern, line: lineToTell(found.line) };
    if (seen !== undefined) {
      minute.bytes += seen.writtenBytes;
      minute.notScannedBytes += seen.notScannedBytes;
      minute.late ||= seen.late;
      lastAt = seen.lastAt ?? lastAt;
    }
    return seen?.scannedBytes ?? 0;
  }

  return {
    get container() {
      return container;
    },
    get burst() {
      return burst;
    },
    get lastAt() {
      return lastAt;
    },
    get dueAt() {
      return dueAt;
    },
    update,
    look,
    closeMinute(now) {
      const tookMs = Math.max(1, now - minute.at);
      const over = { ...minute, tookMs, matches: Object.fromEntries(minute.matches) };
      tally = addMinute(tally, over);
      burst = judgeBurst(burst, over, burstLimits);
      bytesPerSecond = Math.max(ASSUMED_BYTES_PER_SECOND, (over.bytes * SECOND_MS) / tookMs);
      minute = emptyMinute(now);
    },
    tell(now) {
      const figures = figuresOf(tally, now);
      const unreadable = unreadableOf(container, { isFollowed: follower !== undefined, isVisible });
      const isQuiet = figures.hours.length === 0 && figures.peakBytesPerMinute === 0;
      if (isQuiet && burst === undefined && unreadable === undefined) return undefined;
      return {
        containerId: container.id,
        name: container.name,
        ...(unreadable === undefined ? {} : { unreadable }),
        ...figures,
        ...(sample === undefined ? {} : { sample }),
        ...(lastAt === undefined ? {} : { lastAt }),
        ...(burst === undefined ? {} : { burst: burst.burst }),
      };
    },
    leave: () => void (container = { ...container, state: "removing" }),
    close: async () => follower?.close(),
  };
}

function emptyMinute(at: Instant) {
  return { at, bytes: 0, matches: new Map<string, number>(), notScannedBytes: 0, late: false };
}

/** So soon that at most half of what the log's files hold is written until then. */
function lookAgainMs(container: Container, bytesPerSecond: number): number {
  const { fileBytes, files } = logCapacityOf(container) ?? { fileBytes: Infinity, files: 1 };
  const heldBytes = fileBytes * Math.max(1, files - 1);
  return Math.min(MINUTE_MS, Math.max(LEAST_LOOK_MS, ((heldBytes / 2) * SECOND_MS) / bytesPerSecond));
}

/** Of a container that does not run nobody asks why its log cannot be read. */
function unreadableOf(
  container: Container,
  { isFollowed, isVisible }: { isFollowed: boolean; isVisible: boolean },
): WatchedLog["unreadable"] {
  if (!isAlive(container) || (isFollowed && isVisible)) return undefined;
  if (container.logDriver === "none") return "no-log";
  return isFollowed ? "not-visible" : "kept-elsewhere";
}

function lineToTell(line: string): string {
  return maskSecrets(line.slice(0, MOST_MASKED)).slice(0, MOST_LINE_LENGTH);
}
