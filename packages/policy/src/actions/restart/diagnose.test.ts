import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { NO_SIGNALS, type Death, type ProbeState, type Signals } from "../../round/signals.ts";
import { container, NOW, unhealthy, worldWith } from "../../testing/world.ts";
import { diagnose } from "./diagnose.ts";
import { restartSpecSchema } from "./spec.ts";

const AFTER_A_MINUTE = restartSpecSchema.parse({});

function signOf(one: Container, signals: Partial<Signals> = {}, spec = AFTER_A_MINUTE) {
  const world = worldWith({ containers: [one] }, { signals: { ...NO_SIGNALS, ...signals } });
  return diagnose(one, world, spec);
}

const of =
  <T>(one: Container) =>
  (value: T) =>
    new Map([[one.id as string, value]]);

test("an unhealthy container is sick for as long as it is seen so, and surely so after a while", () => {
  expect(signOf(unhealthy("web", { forSeconds: 59 }))).toEqual({
    sign: "unhealthy",
    since: NOW - 59_000,
    confirmed: false,
    confidence: "certain",
    evidence: "unhealthy for 59 seconds (limit 1 minute)",
  });
  expect(signOf(unhealthy("web", { forSeconds: 60 }))).toMatchObject({ confirmed: true });
});

test("what does not run, or is well, shows no sign", () => {
  expect(signOf(container("web"))).toBeUndefined();
  expect(signOf(unhealthy("web", { state: "exited" }))).toBeUndefined();
  expect(signOf(unhealthy("web", { state: "paused" }))).toBeUndefined();
});

const answer = (secondsAgo: number, output = "", exitCode = 1) => ({
  startedAt: NOW - secondsAgo * SECOND_MS - 1_000,
  endedAt: NOW - secondsAgo * SECOND_MS,
  exitCode,
  output,
});

/** With a check each 10 s that may take 5 s. */
function checked(
  log: Container["health"]["log"],
  facts: Partial<Container> = {},
  status: Container["health"]["status"] = "healthy",
) {
  return unhealthy("web", { ...facts, health: { status, failingStreak: 0, readAt: NOW, log } });
}

test("a health check that tells nothing for three turns and half a minute has stopped", () => {
  // 3 × (10 s + 5 s) + 30 s.
  expect(signOf(checked([answer(75, "", 0)]))).toBeUndefined();
  expect(signOf(checked([answer(76, "", 0)]))).toMatchObject({
    sign: "health-stale",
    since: NOW - 76_000,
    confidence: "weak",
  });
  expect(signOf(checked([], { startedAt: NOW - 76_000 }))).toMatchObject({ sign: "health-stale" });
  expect(signOf(checked([], { startedAt: NOW - 75_000 }))).toBeUndefined();
});

test("a look that is old makes no check stale", () => {
  const one = checked([answer(500, "", 0)]);

  expect(signOf({ ...one, health: { ...one.health, readAt: NOW - 450_000 } })).toBeUndefined();
  expect(signOf({ ...one, health: { ...one.health, readAt: undefined } })).toBeUndefined();
});

test("a process that is gone for twenty seconds leaves a ghost", () => {
  const web = container("web");

  expect(signOf(web, { ghosts: of<number>(web)(NOW - 19_999) })).toMatchObject({
    sign: "ghost",
    confirmed: false,
  });
  expect(signOf(web, { ghosts: of<number>(web)(NOW - 20_000) })).toMatchObject({
    confirmed: true,
    evidence: "its process is gone for 20 seconds, and the engine says that it runs",
  });
});

test("an engine that cannot run the check because nothing runs tells of a ghost; a program that is missing does not", () => {
  const stopped = "OCI runtime exec failed: exec failed: cannot exec in a stopped container: unknown";
  const missing = 'OCI runtime exec failed: exec: "curl": executable file not found in $PATH: unknown';
  const sign = (...log: Container["health"]["log"]) => signOf(checked(log))?.sign;

  expect(sign(answer(20, "", 0), answer(10, stopped, -1), answer(0, stopped, -1))).toBe("ghost");
  expect(signOf(checked([answer(0, "", 0), answer(0, stopped, -1)]))).toMatchObject({ confirmed: false });
  expect(sign(answer(20, stopped, -1), answer(10, stopped, -1), answer(0, "", 0))).toBeUndefined();
  expect(sign(answer(10, missing, 126), answer(0, missing, 126))).toBeUndefined();
  expect(
    signOf(checked([answer(10, stopped, -1), answer(5, stopped, -1)], { startedAt: NOW - 4_000 })),
  ).toBeUndefined();
});

test("a probe that failed as often as it needs is a sign, and of two the one that failed first", () => {
  const web = container("web");
  const probe = (name: string, failuresInARow: number, facts: Partial<ProbeState> = {}): ProbeState => ({
    probe: name,
    kind: "http",
    lastAt: NOW - 1_000,
    failingSince: NOW - 30_000,
    failuresInARow,
    needed: 3,
    said: "status 500",
    ...facts,
  });
  const found = (...probes: ProbeState[]) => signOf(web, { probes: of<readonly ProbeState[]>(web)(probes) });

  expect(found(probe("front", 0))).toBeUndefined();
  expect(found(probe("front", 2))).toMatchObject({ sign: "probe-failed", confirmed: false });
  expect(found(probe("front", 2, { failingSince: NOW - 90_000 }), probe("back", 3))).toEqual({
    sign: "probe-failed",
    since: NOW - 30_000,
    confirmed: true,
    confidence: "certain",
    evidence: "probe back failed 3 times in a row (limit 3): status 500",
  });
  expect(found(probe("log", 3, { kind: "log-silence" }))).toMatchObject({ confidence: "likely" });
  expect(found(probe("earlier life", 3, { lastAt: (web.startedAt ?? 0) - 1 }))).toBeUndefined();
});

test("five surprising ends in ten minutes are a crash loop, whatever it looks like in between", () => {
  const web = container("web", { state: "restarting" });
  const death = (minutesAgo: number, facts: Partial<Death> = {}): Death => ({
    at: NOW - minutesAgo * MINUTE_MS,
    exitCode: 137,
    outOfMemory: false,
    expected: false,
    ...facts,
  });
  const found = (...deaths: Death[]) => signOf(web, { deaths: of<readonly Death[]>(web)(deaths) });

  expect(found(death(4), death(3), death(2), death(1))).toBeUndefined();
  expect(found(death(10), death(4), death(3), death(2), death(1))).toBeUndefined();
  expect(found(death(5, { expected: true }), death(4), death(3), death(2), death(1))).toBeUndefined();
  expect(found(death(11), death(5, { outOfMemory: true }), death(4), death(3), death(2), death(1))).toEqual({
    sign: "crash-loop",
    since: NOW - 11 * MINUTE_MS,
    confirmed: true,
    confidence: "certain",
    evidence: "ended 5 times in 10 minutes, last with exit code 137, 1 of them out of memory",
  });
});

test("without a memory of its ends, a container that the engine keeps restarting is in a loop as well", () => {
  const restarting = (facts: Partial<Container>) =>
    signOf(container("web", { state: "restarting", exitCode: 1, ...facts }));
  const short = { startedAt: NOW - 31_000, finishedAt: NOW - 30_000 };

  expect(restarting({ ...short, restartCount: 5 })).toMatchObject({
    sign: "crash-loop",
    confidence: "likely",
    evidence: "restarted by the engine 5 times, last with exit code 1",
  });
  expect(restarting({ ...short, restartCount: 4 })).toBeUndefined();
  expect(restarting({ ...short, startedAt: NOW - 3 * MINUTE_MS, restartCount: 5 })).toBeUndefined();
  expect(restarting({ finishedAt: NOW - 5 * MINUTE_MS })).toBeUndefined();
  expect(restarting({ finishedAt: NOW - 5 * MINUTE_MS - 1 })).toMatchObject({ confidence: "certain" });
});

test("a process that would not end is unkillable for as long as it lives", () => {
  const tried = (at: number, facts: Partial<Container> = {}) => {
    const one = unhealthy("web", facts);
    const world = worldWith({ containers: [one] });
    const attempt = { at, result: "failed", rung: "kill", why: "unkillable" } as const;
    const ledger = { ...world.ledger, restarts: new Map([["name:web", [attempt]]]) };
    return diagnose(one, { ...world, ledger }, AFTER_A_MINUTE)?.sign;
  };

  expect(tried(NOW - 1_000)).toBe("unkillable");
  expect(tried(NOW - 1_000, { startedAt: NOW - 999 })).toBe("unhealthy");
  expect(tried(NOW - 1_000, { state: "exited" })).toBeUndefined();
});

test("a sign that is sure counts for more than a stronger one that is not", () => {
  const web = unhealthy("web", { forSeconds: 10 });
  const failed: ProbeState = {
    probe: "front",
    kind: "tcp",
    lastAt: NOW,
    failuresInARow: 3,
    needed: 3,
    said: "refused",
  };

  expect(signOf(web)?.sign).toBe("unhealthy");
  expect(signOf(web, { probes: of<readonly ProbeState[]>(web)([failed]) })?.sign).toBe("probe-failed");
});
