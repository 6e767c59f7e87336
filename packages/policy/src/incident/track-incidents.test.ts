import { MINUTE_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";
import { roundIdSchema, type Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { Verdict } from "../actions/action.ts";
import type { Round } from "../round/round.ts";
import { NO_SIGNALS } from "../round/signals.ts";
import type { RestartAttempt, World } from "../round/world.ts";
import { container, containerId, NOW, unhealthy, worldWith } from "../testing/world.ts";
import type { Incident } from "./incident.ts";
import { REOPEN_MS, trackIncidents } from "./track-incidents.ts";

/** What a round says of one container: its decision and reason, where the rule found it sick. */
interface Seen {
  readonly container: Container;
  readonly says?: Pick<Verdict, "decision" | "reason">;
}

const SEEN_AT = NOW - 10 * SECOND_MS;
const CONFIRMING = { decision: "wait", reason: { why: "confirming", sign: "unhealthy", since: SEEN_AT } };
const RESTART = { decision: "restart", reason: { why: "unhealthy", sign: "unhealthy", since: NOW } };
const GIVE_UP = {
  decision: "give-up",
  reason: { why: "budget-used", attempts: 5, perMs: 30 * MINUTE_MS, sign: "unhealthy", since: NOW },
};
const behind = (root: string) => ({
  decision: "wait",
  reason: {
    why: "dependency",
    root: { id: containerId(root), name: root },
    sign: "unhealthy",
    since: NOW,
  },
});
const IN_STORM = { decision: "wait", reason: { why: "host-storm", sign: "unhealthy", since: NOW } };

const sick = (name: string, says: NonNullable<Seen["says"]> = CONFIRMING): Seen => ({
  container: unhealthy(name),
  says,
});
const well = (name: string, facts: Partial<Container> = {}): Seen => ({
  container: container(name, { health: { status: "healthy", failingStreak: 0, log: [] }, ...facts }),
});

interface Look {
  readonly seen: readonly Seen[];
  readonly tries?: Readonly<Record<string, readonly RestartAttempt[]>>;
  readonly gaps?: World["inventory"]["gaps"];
  readonly signals?: Partial<World["signals"]>;
  readonly waiting?: boolean;
}

/** A host whose rounds follow each other, with all that was told of its incidents. */
function follow() {
  let known: readonly Incident[] = [];
  let ids = 0;
  const told: Incident[] = [];
  return {
    told,
    known: () => known,
    /** The incidents that were told, each by its identity and how it stands. */
    look(afterMs: number, { seen, tries = {}, gaps = [], signals = {}, waiting = false }: Look): string[] {
      const now = NOW + afterMs;
      const containers = seen.map((one) => one.container);
      const restarts = new Map(Object.entries(tries).map(([name, attempts]) => [`name:${name}`, attempts]));
      const plain = worldWith({ containers, gaps }, { now, signals: { ...NO_SIGNALS, ...signals } });
      const inventory = { ...plain.inventory, takenAt: now };
      const world = { ...plain, inventory, ledger: { ...plain.ledger, restarts } };
      const news = trackIncidents(known, roundOf(seen, now, waiting), world, () => `i${++ids}`);
      known = news.known;
      told.push(...news.changed);
      return news.changed.map(summary);
    },
  };
}

function roundOf(seen: readonly Seen[], at: Instant, waiting: boolean): Round {
  const verdicts = seen.flatMap(({ container: { id, name }, says }): Verdict[] =>
    says === undefined ? [] : [{ target: { type: "container", id, name }, ...says }],
  );
  const rule = { policy: "lab", rule: "sick", kind: "restart" };
  return {
    id: roundIdSchema.parse("00000000-0000-4000-8000-000000000001"),
    at,
    revision: 1,
    planned: waiting ? [] : [{ ...rule, mode: "enforce", verdicts }],
    waiting: waiting ? [{ ...rule, why: "outside its windows" }] : [],
  };
}

function summary({ id, identity, sign, ended, heals, members, handedOverAt }: Incident): string {
  const parts = [
    ended ?? sign,
    ...(heals > 0 ? [`${heals} heals`] : []),
    ...(members.length > 0 ? [`with ${members.map(({ name }) => name).join(" ")}`] : []),
    ...(handedOverAt === undefined ? [] : ["handed over"]),
  ];
  return `${id} ${identity}: ${parts.join(", ")}`;
}

const tryAt = (afterMs: number, result: RestartAttempt["result"]) => ({
  at: NOW + afterMs,
  result,
  rung: "restart" as const,
});

test("an incident begins with the first sign, counts the orders, and ends when the container is healthy again", () => {
  const host = follow();

  expect(host.look(0, { seen: [sick("web")] })).toEqual(["i1 name:web: unhealthy"]);
  expect(host.look(1_000, { seen: [sick("web", RESTART)] })).toEqual([]);
  expect(host.look(2_000, { seen: [sick("web")], tries: { web: [tryAt(1_500, "pending")] } })).toEqual([
    "i1 name:web: unhealthy, 1 heals",
  ]);
  // It looks healthy, and the order that made it so is not settled yet.
  expect(host.look(3_000, { seen: [well("web")], tries: { web: [tryAt(1_500, "pending")] } })).toEqual([]);
  expect(host.look(4_000, { seen: [well("web")], tries: { web: [tryAt(1_500, "healed")] } })).toEqual([
    "i1 name:web: healed, 1 heals",
  ]);

  expect(host.told.at(-1)).toMatchObject({
    sickAt: SEEN_AT,
    detectedAt: SEEN_AT,
    firstOrderAt: NOW + 1_500,
    healthyAt: NOW + 4_000,
    closedAt: NOW + 4_000,
    container: { id: containerId("web"), name: "web", image: "of-web:1" },
    cause: "its health check fails",
    policy: "lab",
    rule: "sick",
  });
});

test("orders of an earlier sickness are none of this one", () => {
  const host = follow();

  host.look(0, { seen: [sick("web")], tries: { web: [tryAt(-MINUTE_MS, "healed")] } });

  expect(host.look(1_000, { seen: [well("web")], tries: { web: [tryAt(-MINUTE_MS, "healed")] } })).toEqual([
    "i1 name:web: recovered",
  ]);
});

test("a container that is only starting, or pauses, or whose rule waits for its window, is not well yet", () => {
  const host = follow();
  host.look(0, { seen: [sick("web")] });
  const starting = { health: { status: "starting" as const, failingStreak: 0, log: [] } };

  expect(host.look(1_000, { seen: [well("web", starting)] })).toEqual([]);
  expect(host.look(2_000, { seen: [well("web", { state: "paused" })] })).toEqual([]);
  expect(host.look(3_000, { seen: [well("web")], waiting: true })).toEqual([]);
  expect(host.look(4_000, { seen: [well("web")] })).toEqual(["i1 name:web: recovered"]);
});

test("people are called once in the life of an incident, however often its budget fills and is used up again", () => {
  const host = follow();
  host.look(0, { seen: [sick("web")] });

  expect(host.look(1_000, { seen: [sick("web", GIVE_UP)] })).toEqual(["i1 name:web: unhealthy, handed over"]);
  const why = host.told.at(-1)?.handedOverWhy;
  for (let round = 1; round <= 20; round += 1) {
    host.look(round * 10_000, { seen: [sick("web", RESTART)] });
    host.look(round * 10_000 + 5_000, { seen: [sick("web", GIVE_UP)] });
  }

  expect(why).toContain("somebody must look");
  expect(host.told).toHaveLength(2);
});

test.each([
  [
    "stopped by somebody",
    { state: "exited" as const },
    [{ at: NOW, outOfMemory: false, expected: true }],
    ["i1 name:web: stopped"],
  ],
  ["ended, and nobody knows how", { state: "exited" as const }, [], ["i1 name:web: stopped"]],
  [
    "that died of itself stays",
    { state: "exited" as const },
    [{ at: NOW, outOfMemory: true, expected: false }],
    [],
  ],
])("a sick container %s", (_name, facts, deaths, told) => {
  const host = follow();
  host.look(0, { seen: [sick("web")] });
  const signals = { deaths: new Map([[containerId("web"), deaths]]) };

  expect(host.look(1_000, { seen: [well("web", facts)], signals })).toEqual(told);
});

test("what our own hands hold is not stopped: between stop and start a container does not run", () => {
  const host = follow();
  host.look(0, { seen: [sick("web")] });
  const between = well("web", { state: "exited" });

  expect(host.look(1_000, { seen: [between], tries: { web: [tryAt(900, "pending")] } })).toEqual([
    "i1 name:web: unhealthy, 1 heals",
  ]);
  const busy = new Map([[containerId("web"), "restart"]]);
  expect(host.look(2_000, { seen: [between], signals: { busy } })).toEqual([]);
});

test("a list with a hole in it ends no incident; a whole one without the container does", () => {
  const host = follow();
  host.look(0, { seen: [sick("web")] });
  const gaps = [{ section: "containers" as const, error: "the engine did not answer" }];

  expect(host.look(1_000, { seen: [], gaps })).toEqual([]);
  expect(host.look(2_000, { seen: [] })).toEqual(["i1 name:web: removed"]);
});

test("a container that is made anew under its name goes on with the incident of the one before", () => {
  const host = follow();
  host.look(0, { seen: [sick("web")] });
  const anew = { ...sick("web").container, id: containerId("web-anew") };

  expect(host.look(1_000, { seen: [{ container: anew, says: CONFIRMING }] })).toEqual([
    "i1 name:web: unhealthy",
  ]);
  expect(host.told.at(-1)?.container?.id).toBe(containerId("web-anew"));
});

test("a flapping container has one incident, until it was well for ten minutes", () => {
  const host = follow();
  for (let round = 0; round < 30; round += 1) {
    host.look(round * MINUTE_MS, { seen: [sick("web")] });
    host.look(round * MINUTE_MS + 30 * SECOND_MS, { seen: [well("web")] });
  }
  expect(new Set(host.told.map(({ id }) => id))).toEqual(new Set(["i1"]));
  expect(host.told.at(-1)).toMatchObject({ sickAt: SEEN_AT, ended: "recovered" });

  const later = 29.5 * MINUTE_MS + REOPEN_MS;
  expect(host.look(later, { seen: [sick("web")] })).toEqual(["i2 name:web: unhealthy"]);
});

test("ten containers that die with their database are one incident, the database's", () => {
  const host = follow();
  const names = Array.from({ length: 10 }, (_, place) => `web-${place}`);

  // The first of them is seen sick before the database is.
  expect(host.look(0, { seen: [sick("web-0"), well("db")] })).toEqual(["i1 name:web-0: unhealthy"]);
  const all = host.look(1_000, {
    seen: [sick("db", RESTART), ...names.map((name) => sick(name, behind("db")))],
  });
  expect(all).toEqual([`i2 name:db: unhealthy, with ${names.join(" ")}`, "i1 name:web-0: merged"]);

  // The database is healed; those behind it need a while, and stay part of what made them sick.
  const tries = { db: [tryAt(1_500, "healed")] };
  host.look(2_000, { seen: [well("db"), ...names.map((name) => sick(name))], tries });
  expect(host.told.at(-1)).toMatchObject({ id: "i2", healthyAt: NOW + 2_000 });
  expect(host.told.at(-1)).not.toHaveProperty("closedAt");

  expect(host.look(3_000, { seen: [well("db"), ...names.map((name) => well(name))], tries })).toEqual([
    `i2 name:db: healed, 1 heals, with ${names.join(" ")}`,
  ]);
  expect(new Set(host.told.map(({ id }) => id)).size).toBe(2);
});

test("a chain of dependencies ends in one root, and a circle ends somewhere", () => {
  const chain = follow();
  chain.look(0, { seen: [sick("db"), sick("api", behind("db")), sick("web", behind("api"))] });
  expect(chain.told.map(summary)).toEqual(["i1 name:db: unhealthy, with api web"]);

  const circle = follow();
  circle.look(0, { seen: [sick("a", behind("b")), sick("b", behind("a"))] });
  expect(circle.told.length).toBeGreaterThan(0);
});

test("a root that does not run has the incident of those who need it", () => {
  const host = follow();
  const stopped = well("db", { state: "exited" });

  expect(host.look(0, { seen: [stopped, sick("web", behind("db"))] })).toEqual([
    "i1 name:db: down, with web",
  ]);
  expect(host.look(1_000, { seen: [well("db"), well("web")] })).toEqual(["i1 name:db: recovered, with web"]);
});

test("a member that people have to look after gets an incident of its own", () => {
  const host = follow();
  host.look(0, { seen: [sick("db"), sick("web", behind("db"))] });

  expect(host.look(1_000, { seen: [well("db"), sick("web", GIVE_UP)] })).toEqual([
    "i2 name:web: unhealthy, handed over",
    "i1 name:db: recovered, with web",
  ]);
});

test("many sick containers of a host in trouble are one incident of the host", () => {
  const host = follow();
  host.look(0, { seen: [sick("a")] });

  expect(host.look(1_000, { seen: ["a", "b", "c"].map((name) => sick(name, IN_STORM)) })).toEqual([
    "i2 host: host-storm, with a b c",
    "i1 name:a: merged",
  ]);
  expect(host.told.find(({ identity }) => identity === "host")).not.toHaveProperty("container");
  expect(host.look(2_000, { seen: [well("a"), well("b"), sick("c")] })).toEqual([]);
  expect(host.look(3_000, { seen: [well("a"), well("b"), well("c")] })).toEqual([
    "i2 host: recovered, with a b c",
  ]);
});

test("what was tried already is not hidden by a storm", () => {
  const host = follow();
  const tries = { web: [tryAt(500, "failed")] };
  host.look(0, { seen: [sick("web")] });
  host.look(1_000, { seen: [sick("web")], tries });

  expect(host.look(2_000, { seen: [sick("web", IN_STORM), sick("b", IN_STORM)], tries })).toEqual([
    "i2 host: host-storm, with b",
  ]);
});

test("every change is later than the one before, also where the clock was put back", () => {
  const host = follow();
  host.look(0, { seen: [sick("web")] });
  host.look(-MINUTE_MS, { seen: [sick("web", GIVE_UP)] });
  host.look(-MINUTE_MS, { seen: [well("web")] });

  const times = host.told.map(({ at }) => at);
  expect(times).toEqual([NOW, NOW + 1, NOW + 2]);
});

test("a container of nobody's rule, or one that a rule leaves alone, has no incident", () => {
  const host = follow();
  const left = { decision: "keep", reason: { ...CONFIRMING.reason, why: "not-selected" } };

  expect(host.look(0, { seen: [{ container: unhealthy("a") }, sick("b", left)] })).toEqual([]);
});

test.each(["start-period", "engine-came-up", "host-came-up", "cannot-see", "maintenance", "touched", "busy"])(
  "a container that looks sick, and %s says why, begins no incident and ends none",
  (why) => {
    const host = follow();
    const held = { decision: "wait", reason: { ...CONFIRMING.reason, why } };

    expect(host.look(0, { seen: [sick("web", held)] })).toEqual([]);
    expect(host.look(1_000, { seen: [sick("web")] })).toEqual(["i1 name:web: unhealthy"]);
    expect(host.look(2_000, { seen: [sick("web", held)] })).toEqual([]);
    host.look(3_000, { seen: [well("web")] });
    expect(host.look(4_000, { seen: [sick("web", held)] })).toEqual([]);
  },
);

test("of two rules the one counts that looks after the container", () => {
  const left = { decision: "keep", reason: { ...CONFIRMING.reason, why: "not-selected" } };
  const round = roundOf([sick("web")], NOW, false);
  const other = roundOf([sick("web", left)], NOW, false).planned.map((rule) => ({
    ...rule,
    rule: "another",
  }));
  const world = worldWith({ containers: [unhealthy("web")] });

  const { changed } = trackIncidents(
    [],
    { ...round, planned: [...other, ...round.planned] },
    world,
    () => "i1",
  );

  expect(changed).toMatchObject([{ id: "i1", rule: "sick" }]);
});

test("who still waits for a root that is well has the root's open incident, or one of its own", () => {
  const host = follow();
  host.look(0, { seen: [sick("db")] });
  host.look(1_000, { seen: [well("db"), sick("web", behind("db"))] });
  expect(host.told.at(-1)).toMatchObject({ identity: "name:db", members: [{ name: "web" }] });

  const later = follow();
  expect(later.look(0, { seen: [well("db"), sick("web", behind("db"))] })).toEqual([
    "i1 name:web: unhealthy",
  ]);
});

test("what is seen for a moment only, and no rule took for sickness yet, is no incident", () => {
  const host = follow();
  const fresh = { ...CONFIRMING, reason: { ...CONFIRMING.reason, since: NOW } };

  expect(host.look(0, { seen: [sick("web", fresh)] })).toEqual([]);
  expect(host.look(2_999, { seen: [sick("web", fresh)] })).toEqual([]);
  expect(host.look(3_000, { seen: [sick("web", fresh)] })).toEqual(["i1 name:web: unhealthy"]);
});

test("it was sick from its first failed check on, and detected when a look first showed it", () => {
  const host = follow();
  const { container: ill, says } = sick("web");
  const failed = (secondsAgo: number, exitCode: number) => ({
    startedAt: NOW - secondsAgo * SECOND_MS,
    exitCode,
    output: "",
  });
  const log = [failed(90, 0), failed(60, 1), failed(30, 1)];

  host.look(0, { seen: [{ container: { ...ill, health: { ...ill.health, log } }, ...(says && { says }) }] });

  expect(host.told).toMatchObject([{ sickAt: NOW - 60 * SECOND_MS, detectedAt: SEEN_AT }]);
});
