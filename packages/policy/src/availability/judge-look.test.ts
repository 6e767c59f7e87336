import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NO_SIGNALS, type Death, type Signals } from "../round/signals.ts";
import { container, containerId, NOW } from "../testing/world.ts";
import type { AvailabilityChange } from "./availability.ts";
import { isGone, judgeLook } from "./judge-look.ts";

const at = (minutes: number) => NOW + minutes * MINUTE_MS;
const ID = containerId("web");

interface Seen {
  readonly at: number;
  /** Null: the list of containers was whole, and it was not in it. */
  readonly is: Partial<Container> | null;
  readonly signals?: Partial<Signals>;
  readonly expired?: boolean;
  readonly gap?: boolean;
}

/** What looks at one container tell, as `minute state: why`. */
function history(...looks: readonly Seen[]): string[] {
  const known = new Map<string, AvailabilityChange>();
  return looks.flatMap(({ at: minute, is, signals = {}, expired = false, gap = false }) => {
    const gaps = gap ? [{ section: "containers" as const, error: "no answer" }] : [];
    const containers = is === null ? [] : [container("web", { createdAt: at(0), startedAt: at(0), ...is })];
    const changes = judgeLook(
      {
        now: at(minute),
        inventory: { containers, gaps },
        signals: { ...NO_SIGNALS, ...signals },
        expired: new Set(expired ? [ID] : []),
      },
      known,
    );
    for (const change of changes) {
      if (isGone(change)) known.delete(change.identity);
      else known.set(change.identity, change);
    }
    return changes.map(({ since, state, why }) => `${(since - NOW) / MINUTE_MS} ${state}: ${why}`);
  });
}

const health = (status: Container["health"]["status"], log: Container["health"]["log"] = []) => ({
  status,
  failingStreak: 0,
  log,
});
const CHECK = {
  test: ["CMD", "true"],
  intervalMs: MINUTE_MS,
  timeoutMs: MINUTE_MS,
  startPeriodMs: 0,
  retries: 2,
};
const CHECKED = { healthCheck: CHECK };
const starting = { health: health("starting"), healthCheck: CHECK };
const healthy = { health: health("healthy"), healthCheck: CHECK };
const sick = (since: number) => ({
  health: { ...health("unhealthy"), unhealthySince: at(since) },
  healthCheck: CHECK,
});
const answer = (minute: number, exitCode: number) => ({ endedAt: at(minute), exitCode, output: "" });
const deaths = (...some: (Partial<Death> & { at: number })[]): Partial<Signals> => ({
  deaths: new Map([[ID, some.map((death) => ({ outOfMemory: false, expected: false, ...death }))]]),
});
const touch = (what: "stop" | "restart", minute: number): Partial<Signals> => ({
  touches: new Map([[ID, { at: at(minute), what }]]),
});
const exited = (minute: number, exitCode: number, facts: Partial<Container> = {}) => ({
  state: "exited" as const,
  finishedAt: at(minute),
  exitCode,
  ...facts,
});

test("without a health check a container is up from its start on, and told once", () => {
  expect(history({ at: 3, is: {} }, { at: 8, is: {} })).toEqual(["0 up: up"]);
});

test("a first start counts from the first good answer of the health check", () => {
  const told = history(
    { at: 1, is: starting },
    {
      at: 3,
      is: { health: health("healthy", [answer(1, 1), answer(2, 0), answer(3, 0)]), healthCheck: CHECK },
    },
  );

  expect(told).toEqual(["0 out: starting", "2 up: up"]);
});

test("a check that never tells is an outage from when it should have told", () => {
  // Two tries of two minutes each, and half a minute to spare.
  expect(history({ at: 1, is: starting }, { at: 6, is: starting })).toEqual([
    "0 out: starting",
    "4.5 down: never-healthy",
  ]);
});

test("an outage begins when the sickness did, and lasts through restarts until the check is good again", () => {
  const told = history(
    { at: 1, is: healthy },
    { at: 5, is: sick(4) },
    { at: 6, is: exited(6, 143), signals: deaths({ at: at(6), expected: true }) },
    { at: 7, is: { ...starting, startedAt: at(7) } },
    { at: 9, is: { health: health("healthy", [answer(8, 0)]), healthCheck: CHECK, startedAt: at(7) } },
  );

  expect(told).toEqual(["1 up: up", "4 down: unhealthy", "8 up: up"]);
});

test("what somebody stops is not counted, sick or not", () => {
  const stopped = {
    is: exited(6, 137),
    signals: { ...deaths({ at: at(6), expected: true }), ...touch("stop", 6) },
  };

  expect(history({ at: 1, is: {} }, { at: 6, ...stopped })).toEqual(["0 up: up", "6 out: stopped"]);
  expect(history({ at: 1, is: healthy }, { at: 5, is: sick(4) }, { at: 6, ...stopped })).toEqual([
    "1 up: up",
    "4 down: unhealthy",
    "6 out: stopped",
  ]);
});

test.each([
  ["a crash", exited(5, 1), deaths({ at: at(5) }), "5 down: died"],
  ["a crash that nobody saw", exited(5, 1), {}, "5 down: died"],
  ["too much memory", exited(5, 137, { oomKilled: true }), {}, "5 down: died"],
  ["a kill that nobody saw", exited(5, 137), {}, "5 out: stopped"],
  ["a job that is done", exited(5, 0), deaths({ at: at(5) }), "5 out: finished"],
  [
    "an end of what must run",
    exited(5, 0, { restartPolicy: { name: "always", maximumRetries: 0 } }),
    deaths({ at: at(5) }),
    "5 down: died",
  ],
  [
    "a task of an orchestrator",
    exited(5, 1, { swarm: { service: "web", task: "1" } }),
    {},
    "5 out: orchestrated",
  ],
  ["the engine restarts it", { state: "restarting" as const, finishedAt: at(5) }, {}, "5 down: restarting"],
  ["dead", { state: "dead" as const, finishedAt: at(5) }, {}, "5 down: dead"],
  ["paused", { state: "paused" as const }, {}, "6 out: paused"],
])("an end of what ran: %s", (_, is, signals, expected) => {
  expect(history({ at: 1, is: {} }, { at: 6, is, signals })).toEqual(["0 up: up", expected]);
});

test("what had ended before it was first seen is not counted", () => {
  expect(history({ at: 6, is: exited(5, 1) })).toEqual(["5 out: ended-before"]);
});

test("a crash during the first start is an outage", () => {
  const told = history(
    { at: 1, is: starting },
    { at: 3, is: { ...starting, ...exited(2, 1) }, signals: deaths({ at: at(2) }) },
  );

  expect(told).toEqual(["0 out: starting", "2 down: died"]);
});

test("what the agent ended for good is not counted", () => {
  const told = history(
    { at: 1, is: {} },
    { at: 6, is: exited(5, 143), signals: deaths({ at: at(5), expected: true }), expired: true },
  );

  expect(told).toEqual(["0 up: up", "5 out: expired"]);
});

test("a crash and a start between two looks are both told", () => {
  const told = history(
    { at: 1, is: {} },
    { at: 9, is: { startedAt: at(7) }, signals: deaths({ at: at(6), exitCode: 1 }) },
  );

  expect(told).toEqual(["0 up: up", "6 down: died", "7 up: up"]);
});

test("a restart by somebody is no outage", () => {
  const told = history(
    { at: 1, is: healthy },
    { at: 6, is: { ...starting, startedAt: at(6) }, signals: deaths({ at: at(5), expected: true }) },
    { at: 8, is: { health: health("healthy", [answer(7, 0)]), healthCheck: CHECK, startedAt: at(6) } },
  );

  expect(told).toEqual(["1 up: up", "5 out: stopped", "7 up: up"]);
});

test("another container under the same name begins anew, and an identity that is gone is forgotten", () => {
  const other = containerId("other");
  const told = history(
    { at: 1, is: {} },
    { at: 6, is: { id: other, createdAt: at(5), startedAt: at(5.5) } },
    { at: 9, is: null },
    { at: 10, is: null },
    { at: 12, is: { id: other, createdAt: at(11), startedAt: at(11) } },
  );

  expect(told).toEqual(["0 up: up", "5 out: replaced", "5.5 up: up", "9 out: removed", "11 up: up"]);
});

test("a probe that is confirmed to fail is an outage from its first failure to its next good answer", () => {
  const probe = (lastAt: number, failing: Partial<{ failingSince: number; failuresInARow: number }>) => ({
    probes: new Map([
      [
        ID,
        [
          {
            probe: "http",
            kind: "http" as const,
            lastAt: at(lastAt),
            failuresInARow: 0,
            needed: 3,
            said: "",
            ...failing,
          },
        ],
      ],
    ]),
  });
  const told = history(
    { at: 1, is: {}, signals: probe(1, {}) },
    { at: 5, is: {}, signals: probe(5, { failingSince: at(4), failuresInARow: 2 }) },
    { at: 6, is: {}, signals: probe(6, { failingSince: at(4), failuresInARow: 3 }) },
    { at: 9, is: {}, signals: probe(8, {}) },
  );

  expect(told).toEqual(["0 up: up", "4 down: probe-failed", "8 up: up"]);
});

test("a process that is gone is an outage although the engine says that it runs", () => {
  const told = history({ at: 1, is: {} }, { at: 5, is: {}, signals: { ghosts: new Map([[ID, at(3)]]) } });

  expect(told).toEqual(["0 up: up", "3 down: ghost"]);
});

test("a list that could not be read changes nothing", () => {
  expect(history({ at: 1, is: {} }, { at: 5, is: null, gap: true }, { at: 9, is: {} })).toEqual(["0 up: up"]);
});

test("while one container takes over from another of the same identity, the one that lives counts", () => {
  const old = container("web", { id: containerId("old"), ...exited(4, 1), createdAt: at(0) });
  const fresh = container("web", { createdAt: at(5), startedAt: at(5) });
  const look = (containers: Container[]) => ({
    now: at(6),
    inventory: { containers, gaps: [] },
    signals: NO_SIGNALS,
    expired: new Set<string>(),
  });

  expect(judgeLook(look([old, fresh]), new Map())).toEqual(judgeLook(look([fresh, old]), new Map()));
  expect(judgeLook(look([old, fresh]), new Map())).toMatchObject([{ state: "up", containerId: fresh.id }]);
});

test("what healing makes anew is one sickness until the new container is well", () => {
  const busy = new Map([[ID, "restart"]]);
  const old = { createdAt: at(0), startedAt: at(0), ...CHECKED };
  const forerunner = container("web-before-1", { ...old, id: ID, ...exited(6, 143) });
  const made = (facts: Partial<Container>) =>
    container("web", { id: containerId("made"), createdAt: at(6), ...CHECKED, ...facts });
  const looks: [minute: number, containers: Container[]][] = [
    [1, [container("web", { ...old, ...healthy })]],
    [5, [container("web", { ...old, ...sick(4) })]],
    [6, [forerunner]],
    [7, [forerunner, made({ state: "created" })]],
    [8, [forerunner, made({ ...starting, startedAt: at(7) })]],
    [10, [made({ health: health("healthy", [answer(9, 0)]), startedAt: at(7) })]],
  ];
  const known = new Map<string, AvailabilityChange>();

  const told = looks.flatMap(([minute, containers]) => {
    const signals = { ...NO_SIGNALS, busy: minute >= 6 && minute < 10 ? busy : new Map<string, string>() };
    const look = {
      now: at(minute),
      inventory: { containers, gaps: [] },
      signals,
      expired: new Set<string>(),
    };
    const changes = judgeLook(look, known);
    for (const change of changes) known.set(change.identity, change);
    return changes.map(({ identity, since, state }) => `${identity} ${(since - NOW) / MINUTE_MS} ${state}`);
  });

  expect(told).toEqual([
    "name:web 1 up",
    "name:web 4 down",
    "name:web 4 down", // by its new container
    "name:web 9 up",
  ]);
});

test("whatever a host shows, the changes of an identity follow one another in time, and a second look finds none", () => {
  const facts = fc.oneof(
    fc.constant(null),
    fc.record({
      state: fc.constantFrom<Container["state"]>(
        "running",
        "exited",
        "paused",
        "restarting",
        "dead",
        "created",
      ),
      startedAt: fc.integer({ min: -10, max: 40 }).map(at),
      finishedAt: fc.integer({ min: -10, max: 40 }).map(at),
      exitCode: fc.constantFrom(0, 1, 137),
      health: fc
        .constantFrom<Container["health"]["status"]>("none", "starting", "healthy", "unhealthy")
        .map((s) => health(s)),
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: -5, max: 30 }), facts), { maxLength: 8 }), (looks) => {
      const known = new Map<string, AvailabilityChange>();
      for (const [minute, is] of looks) {
        const look = {
          now: at(minute),
          inventory: { containers: is === null ? [] : [container("web", is)], gaps: [] },
          signals: NO_SIGNALS,
          expired: new Set<string>(),
        };
        const changes = judgeLook(look, known);
        for (const change of changes) {
          const before = known.get(change.identity);
          if (before !== undefined && change.state !== before.state) {
            expect(change.since).toBeGreaterThan(before.since);
          }
          if (isGone(change)) known.delete(change.identity);
          else known.set(change.identity, change);
        }
        expect(judgeLook(look, known)).toEqual([]);
      }
    }),
    { numRuns: 100 },
  );
});

test("changes are told to the millisecond that the engine gave", () => {
  const startedAt = NOW + 1_234;
  const [change] = judgeLook(
    {
      now: NOW + 5 * SECOND_MS,
      inventory: { containers: [container("web", { startedAt })], gaps: [] },
      signals: NO_SIGNALS,
      expired: new Set(),
    },
    new Map(),
  );

  expect(change).toEqual({
    identity: "name:web",
    name: "web",
    containerId: ID,
    image: "of-web:1",
    state: "up",
    since: startedAt,
    why: "up",
  });
});
