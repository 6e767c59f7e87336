import { SECOND_MS } from "@shipkeeper/kit";
import type { Probe } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { afterAnswer, isNews, type Row } from "./probe-state.ts";

const PROBE: Probe = {
  name: "shop/api",
  way: { kind: "tcp", port: 1 },
  everyMs: 10 * SECOND_MS,
  timeoutMs: SECOND_MS,
  failures: 3,
  startPeriodMs: 20 * SECOND_MS,
};

/** `+` is an answer and `-` is none, one every ten seconds from the birth on: what each leaves behind. */
function rows(answers: string): string[] {
  let row: Row | undefined;
  return Array.from(answers, (answer, index) => {
    const at = index * PROBE.everyMs;
    const after = afterAnswer(row, { at, ok: answer === "+", said: answer }, { probe: PROBE, bornAt: 0 });
    const { failuresInARow, failingSince } = after.state;
    const news = isNews(row, after) ? "!" : "";
    row = after;
    return `${failuresInARow}${failingSince === undefined ? "" : `@${failingSince / SECOND_MS}`}${news}`;
  });
}

test("failures count in a row, from the first of the row on, and an answer ends it", () => {
  expect(rows("+--+---+")).toEqual(["0", "1@10!", "2@10", "0!", "1@40!", "2@40", "3@40!", "0!"]);
});

test("failures within the start period do not count, and are no answers either", () => {
  expect(rows("-----")).toEqual(["0@0!", "0@0", "1@20", "2@20", "3@20!"]);
});

test("once it has answered the start period is over", () => {
  expect(rows("+---")).toEqual(["0", "1@10!", "2@10", "3@10!"]);
  expect(rows("-+--")).toEqual(["0@0!", "0!", "1@20!", "2@20"]);
});

test("what was said is kept, cut at 500 characters", () => {
  const { state } = afterAnswer(
    undefined,
    { at: 5, ok: false, said: "x".repeat(600) },
    { probe: PROBE, bornAt: -1_000_000 },
  );

  expect(state).toEqual({
    probe: "shop/api",
    kind: "tcp",
    lastAt: 5,
    failingSince: 5,
    failuresInARow: 1,
    needed: 3,
    said: "x".repeat(500),
  });
});
