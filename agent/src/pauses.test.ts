import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, onTestFinished, test } from "vitest";
import type { Given } from "./commands.ts";
import type { AgentConfig } from "./config.ts";
import { NOW, tempLedger } from "./act/testing/act-world.ts";
import { tellPauses } from "./observe/tell-pauses.ts";
import { pauseCommands } from "./pause-commands.ts";
import { LONGEST_PAUSE_MS, pausesFile, withPause, writePauses, type OrderedPause } from "./pauses-file.ts";

const pauseOf = (fields: Partial<OrderedPause> = {}): OrderedPause => {
  return { since: NOW, until: NOW + HOUR_MS, reason: "a move", ...fields };
};

function folder() {
  const made = mkdtempSync(join(tmpdir(), "shipkeeper-pauses-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return { stateDir: made, file: join(made, "pauses.json") };
}

const NOTHING: Given = {
  args: [],
  into: undefined,
  repository: undefined,
  containers: undefined,
  for: undefined,
  reason: undefined,
};

/** A command as it is called on a host: what it prints, or what is wrong with the way it was called. */
async function call(name: keyof typeof pauseCommands, stateDir: string, given: Partial<Given> = {}) {
  const printed: string[] = [];
  const command = pauseCommands[name];
  const wrong = command.check({ ...NOTHING, ...given });
  if (wrong !== undefined) return [wrong];
  const context = { ...NOTHING, ...given, signal: new AbortController().signal };
  await command.run({ stateDir } as AgentConfig, { ...context, print: (line) => printed.push(line) });
  return printed;
}

test("no file is no pause, and one that was ordered holds until its end", () => {
  const { file } = folder();
  const pausesAt = pausesFile(file);
  expect(pausesAt(NOW)).toEqual({ pauses: [] });

  writePauses(file, [pauseOf({ containers: "db-*" })]);

  expect(pausesAt(NOW + HOUR_MS - 1).pauses).toEqual([pauseOf({ containers: "db-*" })]);
  expect(pausesAt(NOW + HOUR_MS).pauses).toEqual([]);
});

test("no pause outlasts the longest, whatever the file says", () => {
  const { file } = folder();
  writePauses(file, [pauseOf({ until: NOW + 1_000 * HOUR_MS })]);

  expect(pausesFile(file)(NOW + LONGEST_PAUSE_MS - 1).pauses).toHaveLength(1);
  expect(pausesFile(file)(NOW + LONGEST_PAUSE_MS).pauses).toEqual([]);
});

test.for(["", "{", "[]", '{"pauses":[{"until":"tomorrow"}]}'])(
  "a file with %s pauses all healing",
  (text) => {
    const { file } = folder();
    writeFileSync(file, text);

    const { pauses, problem } = pausesFile(file)(NOW);

    expect(problem).toContain(file);
    expect(pauses).toHaveLength(1);
    expect(pauses[0]?.containers).toBeUndefined();
    expect(pauses[0]?.until).toBeGreaterThan(NOW + HOUR_MS - 1);
  },
);

test("a second pause of the same containers replaces the first, others stay", () => {
  const one = withPause([], pauseOf());
  const two = withPause(one, pauseOf({ containers: "web" }));

  const three = withPause(two, pauseOf({ reason: "longer", until: NOW + 2 * HOUR_MS }));

  expect(three.map(({ reason }) => reason)).toEqual(["a move", "longer"]);
  const many = Array.from({ length: 100 }, (_, number) => pauseOf({ containers: `web-${number}` }));
  expect(() => withPause(many, pauseOf())).toThrow("100 pauses already");
});

test("beginning and end are told once each, also where the agent was restarted between", () => {
  const memory = tempLedger(() => NOW).toldPauses;
  const told: string[] = [];
  const open = () =>
    tellPauses({
      memory,
      clock: () => NOW,
      tell: (entry) => told.push(entry.kind === "event" ? entry.what : entry.code),
    });
  const first = open();
  first({ pauses: [pauseOf()] });
  first({ pauses: [pauseOf()] });
  first({ pauses: [], problem: "broken" });
  first({ pauses: [], problem: "broken" });
  expect(told).toEqual(["healing-paused", "pauses_unreadable"]);

  const second = open();
  second({ pauses: [pauseOf()] });
  second({ pauses: [] });
  open()({ pauses: [] });

  expect(told.slice(2)).toEqual(["healing-resumed"]);
});

test("an operator pauses, looks and resumes", async () => {
  const { stateDir } = folder();
  const untilPrinted = (lines: string[]) => lines.map((line) => line.replace(/until [^:]+:\d\dZ/, "until …"));

  expect(await call("pauses", stateDir)).toEqual(["healing is not paused"]);
  await call("pause", stateDir, { for: "1h", reason: "move" });
  await call("pause", stateDir, { for: "30m", reason: "upgrade", containers: "db-*" });
  expect(untilPrinted(await call("pauses", stateDir))).toEqual([
    "all containers until …: move",
    "db-* until …: upgrade",
  ]);
  expect(await call("resume", stateDir, { containers: "web" })).toEqual(["there is no such pause"]);
  expect(untilPrinted(await call("resume", stateDir, { containers: "db-*" }))).toEqual([
    "ended: db-* until …: upgrade",
  ]);
  expect(await call("resume", stateDir)).toHaveLength(1);
  expect(await call("pauses", stateDir)).toEqual(["healing is not paused"]);
  const { pauses } = pausesFile(join(stateDir, "pauses.json"))(Date.now() + MINUTE_MS);
  expect(pauses).toEqual([]);
});

test.for([
  [{}, /--for/],
  [{ for: "0s", reason: "x" }, /--for/],
  [{ for: "8d", reason: "x" }, /7 days at most/],
  [{ for: "1h" }, /--reason/],
  [{ for: "1h", reason: "x".repeat(201) }, /200 characters/],
  [{ for: "1h", reason: "x", containers: "^(" }, /--containers/],
  [{ for: "1h", reason: "x", args: ["web"] }, /web is not understood/],
] as const)("a pause with %o is refused", async ([given, why]) => {
  expect((await call("pause", "/nonexistent", given))[0]).toMatch(why);
});
