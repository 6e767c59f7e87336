import { MINUTE_MS } from "@shipkeeper/kit";
import { fakeContainerId, fakeImageId, type LogFile, type LogFollower } from "@shipkeeper/docker";
import type { Container, Gap, Inventory } from "@shipkeeper/model";
import { plainContainer } from "@shipkeeper/model/testing";
import type { LogRule } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import { silentLog } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { createLogWatcher } from "./watch-logs.ts";

const START = Date.UTC(2030, 0, 31, 2);

const container = (name: string, facts: Partial<Container> = {}): Container =>
  plainContainer({ id: fakeContainerId(name), name, imageId: fakeImageId("web"), ...facts });

interface Written {
  lines?: readonly string[];
  bytes?: number;
  invisible?: boolean;
  broken?: boolean;
}

/** A watcher of containers whose logs are lists of lines, and a clock that is moved by hand. */
function watching(containers: readonly Container[], ...rules: LogRule[]) {
  let now = START;
  let present = containers;
  const wanted = [...rules];
  const written = new Map<string, Written>();
  const looks: string[] = [];
  const told: (EntryOf<"log-watch"> | EntryOf<"event">)[] = [];
  const closed: string[] = [];

  const follow = ({ path }: LogFile): LogFollower => {
    const name = containers.find(({ id }) => path.includes(id))?.name ?? "";
    return {
      async look({ take, mostBytes }) {
        looks.push(name);
        const { lines = [], bytes = lines.join("\n").length, invisible, broken } = written.get(name) ?? {};
        written.delete(name);
        if (invisible === true) return undefined;
        if (broken === true) throw new Error("the disk cannot be read");
        const scannedBytes = take === undefined ? 0 : Math.min(bytes, mostBytes);
        for (const line of lines) take?.(line, true);
        const notScannedBytes = take === undefined ? 0 : bytes - scannedBytes;
        return { writtenBytes: bytes, scannedBytes, notScannedBytes, late: false, lastAt: now };
      },
      close: async () => void closed.push(name),
    };
  };
  const inventory = () =>
    ({ containers: present, engine: { rootDir: "/var/lib/docker" }, gaps: [] as Gap[] }) as Inventory;
  const watcher = createLogWatcher({
    observer: { current: inventory, subscribe: () => () => undefined },
    rules: () => wanted,
    clock: () => now,
    log: silentLog,
    tell: (entry) => told.push(entry),
    follow,
  });
  return {
    watcher,
    looks,
    closed,
    /** Of the newest word: container → what is told of it. */
    known: () => {
      const entry = told.findLast((one) => one.kind === "log-watch");
      return Object.fromEntries(entry?.containers.map(({ name, ...facts }) => [name, facts]) ?? []);
    },
    words: () => told.map((entry) => (entry.kind === "event" ? entry.what : entry.kind)),
    events: () => told.filter((entry) => entry.kind === "event"),
    remove: (name: string) => (present = present.filter((one) => one.name !== name)),
    write: (name: string, what: Written) => void written.set(name, what),
    /** The next minute, in which each of these was written. */
    async minute(...writes: [name: string, what: Written][]) {
      for (const [name, what] of writes) written.set(name, what);
      now += MINUTE_MS;
      return watcher.turn();
    },
    moveTo: (ms: number) => (now = START + ms),
  };
}

const ERRORS: LogRule = {
  patterns: { errors: "ERROR|FATAL", slow: "(?i)slow" },
  burst: { matchesPerMinute: 2 },
};

test("the first word comes after a minute, the next ones every ten, and only of logs with something to say", async () => {
  const watch = watching([container("loud"), container("quiet")]);
  await watch.watcher.turn();

  await watch.minute(["loud", { bytes: 6_000 }]);
  for (let minute = 0; minute < 10; minute += 1) await watch.minute();

  expect(watch.words()).toEqual(["log-watch", "log-watch"]);
  expect(watch.known()).toMatchObject({
    loud: { bytesPerMinute: 0, peakBytesPerMinute: 6_000, matches: {} },
  });
  expect(watch.known()).not.toHaveProperty("quiet");
});

test("lines are counted by pattern, and the last that matched is told without its secrets", async () => {
  const watch = watching([container("web"), container("db")], { ...ERRORS, select: { containers: ["web"] } });
  await watch.watcher.turn();

  const lines = ["all well", "ERROR slow disk", "FATAL password=hunter2-secret", "SLOW"];
  await watch.minute(["web", { lines: lines.slice(0, 3) }], ["db", { lines }]);

  expect(watch.known()).toMatchObject({
    web: {
      matches: { errors: 2, slow: 1 },
      sample: { pattern: "errors", line: expect.stringMatching(/^FATAL password=\[masked\]/) as string },
    },
    db: { matches: {} },
  });
});

test("a burst is told at once, once, and so is its end; each with what is known of all logs", async () => {
  const watch = watching([container("web")], ERRORS);
  await watch.watcher.turn();
  const many = { lines: ["ERROR", "ERROR", "ERROR"] };

  await watch.minute();
  await watch.minute(["web", many]);
  await watch.minute(["web", many]);
  expect(watch.known()).toMatchObject({ web: { burst: { since: START + MINUTE_MS, pattern: "errors" } } });
  for (let minute = 0; minute < 5; minute += 1) await watch.minute();

  expect(watch.words()).toEqual(["log-watch", "log-burst", "log-watch", "log-burst-ended", "log-watch"]);
  expect(watch.events().map(({ facts }) => facts)).toEqual([
    { why: "matches", pattern: "errors", perMinute: 3, limitPerMinute: 2 },
    { why: "matches", pattern: "errors", perMinute: 3, limitPerMinute: 2, lastedMs: 7 * MINUTE_MS },
  ]);
  expect(watch.known()).not.toHaveProperty("web.burst");
});

test("of one log a mebibyte a minute is read, of all sixteen; the rest is told as not scanned", async () => {
  const names = Array.from({ length: 20 }, (_, number) => `web-${number}`);
  const watch = watching(
    names.map((name) => container(name)),
    ERRORS,
  );
  await watch.watcher.turn();

  await watch.minute(...names.map((name): [string, Written] => [name, { bytes: 3 * 2 ** 20 }]));

  const left = Object.values(watch.known()).map(({ notScannedBytes }) => notScannedBytes / 2 ** 20);
  expect(left.filter((mebibytes) => mebibytes === 2).length).toBe(16);
  expect(left.filter((mebibytes) => mebibytes === 3).length).toBe(4);
});

test("logs that cannot be read are told as such while their containers run", async () => {
  const watch = watching([
    container("mute", { logDriver: "none" }),
    container("journal", { logDriver: "journald" }),
    container("hidden"),
    container("ended", { logDriver: "none", state: "exited" }),
  ]);
  await watch.watcher.turn();
  await watch.minute(["hidden", { invisible: true }]);

  expect(Object.entries(watch.known()).map(([name, { unreadable }]) => [name, unreadable])).toEqual([
    ["mute", "no-log"],
    ["journal", "kept-elsewhere"],
    ["hidden", "not-visible"],
  ]);
});

test("a log that cannot be read holds up nobody, and is tried again in its turn, not at once", async () => {
  const watch = watching([container("broken"), container("web")]);
  watch.write("broken", { broken: true });

  const waitMs = await watch.watcher.turn();
  await watch.minute(["broken", { bytes: 5 }], ["web", { bytes: 7 }]);

  expect(waitMs).toBe(MINUTE_MS);
  expect(watch.known()).toMatchObject({ broken: { peakBytesPerMinute: 5 }, web: { peakBytesPerMinute: 7 } });
});

test("a log whose files are small is looked at more often than one that keeps everything", async () => {
  const small = container("small", { logRotation: { maxSize: "100k", maxFile: "3" } });
  const watch = watching([small, container("large")]);

  const waitMs = await watch.watcher.turn();
  watch.moveTo(waitMs);
  await watch.watcher.turn();

  expect(waitMs).toBe(1_000);
  expect(watch.looks).toEqual(["small", "large", "small"]);
});

test("what a container wrote until it went is told once, and then it is let go", async () => {
  const watch = watching([container("gone"), container("stays")]);
  await watch.watcher.turn();
  await watch.minute();

  watch.remove("gone");
  await watch.minute(["gone", { bytes: 7 }]);
  expect(watch.closed).toEqual([]);
  for (let minute = 0; minute < 10; minute += 1) await watch.minute(["stays", { bytes: 1 }]);

  expect(watch.known()).toMatchObject({ gone: { peakBytesPerMinute: 7 }, stays: {} });
  expect(watch.closed).toEqual(["gone"]);
  for (let minute = 0; minute < 10; minute += 1) await watch.minute();
  expect(Object.keys(watch.known())).toEqual(["stays"]);
});

test("when a container logged last is known where its log can be seen", async () => {
  const watch = watching([container("web"), container("mute", { logDriver: "none" })]);
  await watch.watcher.turn();

  expect(watch.watcher.lastLogAt(fakeContainerId("web"))).toBe(START);
  expect(watch.watcher.lastLogAt(fakeContainerId("mute"))).toBeUndefined();
});
