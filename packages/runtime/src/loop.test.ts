import { expect, test, vi } from "vitest";
import { silentLog } from "./log.ts";
import { startLoop, type LoopOptions } from "./loop.ts";

const FOREVER_MS = 1_000_000;
const loopOf = (options: Pick<LoopOptions, "turn"> & Partial<LoopOptions>) =>
  startLoop({ name: "test", log: silentLog, retryMs: FOREVER_MS, ...options });
const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 5_000, interval: 1 });

test("turns follow each other after the wait that each asks for", async () => {
  let turns = 0;
  const loop = loopOf({ turn: async () => ((turns += 1), turns < 3 ? 0 : FOREVER_MS) });
  await until(() => turns === 3);

  await loop.stop();
  expect(turns).toBe(3);
});

test("a nudge ends the wait, and one that comes during a turn brings another turn", async () => {
  let turns = 0;
  const loop = loopOf({
    turn: async () => {
      turns += 1;
      if (turns === 2) loop.nudge();
      return FOREVER_MS;
    },
  });
  await until(() => turns === 1);
  loop.nudge();
  await until(() => turns === 3);

  await loop.stop();
});

test("two turns never run at once, however often it is nudged", async () => {
  let running = 0;
  let most = 0;
  let turns = 0;
  const loop = loopOf({
    turn: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      turns += 1;
      return FOREVER_MS;
    },
  });
  for (let count = 0; count < 50; count += 1) {
    loop.nudge();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => turns > 10);

  await loop.stop();
  expect(most).toBe(1);
});

test("a turn that throws is not the last", async () => {
  let turns = 0;
  const loop = loopOf({
    retryMs: 1,
    turn: async () => {
      turns += 1;
      if (turns === 1) throw new Error("bad luck");
      return FOREVER_MS;
    },
  });
  await until(() => turns === 2);

  await loop.stop();
});

test("stop aborts the turn's signal, waits for its end, and no turn follows", async () => {
  const seen: string[] = [];
  const loop = loopOf({
    turn: async (signal) => {
      seen.push("begun");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      seen.push("ended");
      return 0;
    },
  });
  await until(() => seen.length === 1);

  await loop.stop();

  expect(seen).toEqual(["begun", "ended"]);
});
