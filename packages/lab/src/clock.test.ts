import { expect, test } from "vitest";
import { handClock } from "./clock.ts";

const START = Date.parse("2030-01-31T02:00:00Z");

test("the clock stands still until it is moved", async () => {
  const clock = handClock(START);

  await clock.advance(1500);

  expect(clock.now()).toBe(START + 1500);
});

test("sleepers wake in the order of their time, each at its own time", async () => {
  const clock = handClock(START);
  const woken: [string, number][] = [];
  const wake = (name: string) => () => woken.push([name, clock.now() - START]);
  const sleeps = [clock.sleep(200).then(wake("late")), clock.sleep(100).then(wake("early"))];

  await clock.advance(250);
  await Promise.all(sleeps);

  expect(woken).toEqual([
    ["early", 100],
    ["late", 200],
  ]);
});

test("one move carries a loop through all its turns", async () => {
  const clock = handClock(START);
  const turns: number[] = [];
  const loop = async () => {
    while (turns.length < 3) {
      await clock.sleep(10);
      turns.push(clock.now() - START);
    }
  };
  const running = loop();

  await clock.advance(100);
  await running;

  expect(turns).toEqual([10, 20, 30]);
});

test("a signal ends a sleep with its reason, and nobody sleeps any more", async () => {
  const clock = handClock(START);
  const stop = new AbortController();
  const sleep = clock.sleep(1000, { signal: stop.signal });

  stop.abort(new Error("shutting down"));

  await expect(sleep).rejects.toThrow("shutting down");
  expect(clock.sleepers()).toBe(0);
});
