import type { EngineEvent } from "@shipkeeper/docker";
import { expect, test } from "vitest";
import { isStoppedByOthers } from "./whose-stop.ts";

const AT = 1_000_000;
const ORDER = { at: AT, killsFrom: AT + 10_000 };

/** `kill 15 @200`: an event with its signal, so many milliseconds after the order. */
function events(...said: string[]): EngineEvent[] {
  return said.map((one) => {
    const [, action = "", signal, after = "0"] = /^(\w+)(?: (\d+))?(?: @(-?\d+))?$/.exec(one) ?? [];
    const attributes = signal === undefined ? {} : { signal };
    return { type: "container", action, subject: "web", attributes, at: AT + Number(after) };
  });
}

test("one signal and one stop are the agent's own", () => {
  expect(isStoppedByOthers(events("kill 15", "die @100", "stop @101"), ORDER)).toBe(false);
  expect(isStoppedByOthers(events("kill 15", "kill 9 @10000", "die @10050", "stop @10051"), ORDER)).toBe(
    false,
  );
});

test("a second signal or a second stop is somebody else's", () => {
  expect(isStoppedByOthers(events("kill 15", "kill 15 @50", "die @100", "stop @101"), ORDER)).toBe(true);
  expect(isStoppedByOthers(events("kill 15", "die @100", "stop @101", "stop @102"), ORDER)).toBe(true);
});

test("a kill before the engine's own is somebody else's", () => {
  expect(isStoppedByOthers(events("kill 15", "kill 9 @3000", "die @3010", "stop @3011"), ORDER)).toBe(true);
});

test("a gentle signal wants no end, unless it is the one that the container ends by", () => {
  expect(isStoppedByOthers(events("kill 1", "kill 15 @50", "die @100", "stop @101"), ORDER)).toBe(false);
  expect(isStoppedByOthers(events("kill 28", "die @100", "stop @101"), ORDER)).toBe(false);
  expect(isStoppedByOthers(events("kill 28", "kill 28 @50", "die @100", "stop @101"), ORDER)).toBe(true);
});

test("what came before the order does not count", () => {
  expect(isStoppedByOthers(events("kill 15 @-5", "kill 15", "die @100", "stop @101"), ORDER)).toBe(false);
});
