import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { container, containerId, mounting, verdicts, worldWith } from "../../testing/world.ts";
import type { Container } from "@shipkeeper/model";
import { explainBackup } from "./explain.ts";
import { planBackup } from "./plan.ts";
import { backupSpecSchema } from "./spec.ts";

const HOOKS = guardrailsSchema.parse({ hooks: { pg: { use: "postgresql" } } });

function plan(consistency: unknown, containers: Container[], facts: Parameters<typeof worldWith>[1] = {}) {
  const spec = backupSpecSchema.parse({
    select: { volumes: ["data"] },
    consistency,
    to: ["local", "offsite"],
  });
  return planBackup(spec, worldWith({ volumes: [plainVolume("data")], containers }, facts));
}

/** What is said of the one volume. */
function told(...question: Parameters<typeof plan>): string | undefined {
  const [first] = plan(...question).verdicts;
  return first && `${first.decision} ${first.target.name}: ${explainBackup(first)}`;
}

/** Whom the first step holds, by name and in order. */
function held(...question: Parameters<typeof plan>): string[] {
  const [first] = plan(...question).verdicts;
  const ids = String(first?.expect?.["containers"]).split(" ");
  return ids.flatMap((id) => question[1].find((one) => one.id === id)?.name ?? []);
}

test("who may write to the data and runs is stopped, dependents first; readers and strangers run on", () => {
  const containers = [
    mounting("api", ["data"], { labels: { "shipkeeper.depends-on": "db" } }),
    mounting("db", ["data"]),
    mounting("reader", ["data:ro"]),
    mounting("over", ["data"], { state: "exited" }),
    mounting("stranger", ["other"]),
  ];

  expect(held("stop", containers)).toEqual(["api", "db"]);
  expect(held("pause", containers)).toEqual(["api", "db"]);
  expect(told("stop", containers)).toBe("back-up volume:data: to local, no restore point yet, stops api, db");
  expect(plan("none", containers).verdicts[0]?.expect).toEqual({
    consistency: "none",
    dataset: "volume:data",
    driver: "local",
    mountpoint: "/var/lib/docker/volumes/data/_data",
    name: "data",
    repository: "local",
  });
});

test("a copy disturbs nobody, and says what it is a copy of and what to do where there is nothing to copy", () => {
  const [, copy] = plan("stop", [mounting("db", ["data"])]).verdicts;

  expect(copy).toMatchObject({
    decision: "copy",
    reason: { why: "no-restore-point", repository: "offsite" },
    expect: { from: "local", repository: "offsite", consistency: "stop", containers: containerId("db") },
  });
  expect(copy && explainBackup(copy)).toBe("to offsite, no restore point yet");
});

test("who lives in the network of a stopped container stops before it; a pause leaves it alone", () => {
  const db = mounting("db", ["data"]);
  const guest = container("metrics", {
    privileges: { ...db.privileges, networkMode: `container:${db.id}` },
  });

  expect(held("stop", [db, guest])).toEqual(["metrics", "db"]);
  expect(held("pause", [db, guest])).toEqual(["db"]);
});

test("who must not be touched, is the agent's, or would not come back, is not stopped: the backup is refused", () => {
  const guardrails = guardrailsSchema.parse({ neverTouch: { containers: ["^postgres-"] } });
  const db = (facts: Partial<Container>) => [mounting("postgres-1", ["data"], facts)];

  expect(told("stop", db({}), { guardrails })).toBe(
    "refuse volume:data: its container postgres-1 is never touched on this host (^postgres-)",
  );
  expect(told("pause", db({}), { guardrails })).toContain("never touched");
  expect(told("stop", db({}), { self: ["postgres-1"] })).toBe(
    "refuse volume:data: its container postgres-1 is the agent's own",
  );
  expect(told("stop", db({ swarm: { service: "s", task: "t" } }))).toBe(
    "refuse volume:data: its container postgres-1 belongs to swarm",
  );
  expect(told("stop", db({ kubernetes: { namespace: "n", pod: "p", container: "c" } }))).toContain(
    "kubernetes",
  );
  expect(told("stop", db({ autoRemove: true }))).toBe(
    "refuse volume:data: its container postgres-1 is removed when it stops",
  );
  expect(told("none", db({}), { guardrails })).toBe("back-up volume:data: to local, no restore point yet");
});

test("while a writer restarts, or the containers are not all known, the data waits", () => {
  expect(told("stop", [mounting("db", ["data"], { state: "restarting" })])).toBe(
    "wait volume:data: its container db is restarting",
  );
  const gaps = [{ section: "containers" as const, error: "timeout" }];
  const world = worldWith({ volumes: [plainVolume("data")], gaps });
  const spec = { select: { volumes: ["data"] }, to: ["local"] };

  expect(verdicts(planBackup(backupSpecSchema.parse({ ...spec, consistency: "stop" }), world))).toEqual({
    "volume:data": "wait: containers-unknown",
  });
  expect(verdicts(planBackup(backupSpecSchema.parse(spec), world))).toEqual({
    "volume:data": "back-up: no-restore-point",
  });
});

test("who was paused by somebody writes nothing and stays paused", () => {
  expect(held("stop", [mounting("db", ["data"], { state: "paused" }), mounting("web", ["data"])])).toEqual([
    "web",
  ]);
});

test("a hook takes the volume's place and runs in the database that may write to it", () => {
  const containers = [
    mounting("app", ["data"]),
    mounting("db", ["data"], { image: "postgres:16" }),
    mounting("reader", ["data:ro"], { image: "postgres:16" }),
  ];

  expect(held({ hook: "pg" }, containers, { guardrails: HOOKS })).toEqual(["db"]);
  expect(told({ hook: "pg" }, containers, { guardrails: HOOKS })).toBe(
    "back-up dump:data: to local, no restore point yet, dumped in db",
  );
});

test("a hook runs in a container that is never touched, for root named it, but not in the agent's own", () => {
  const guardrails = { ...HOOKS, neverTouch: { ...HOOKS.neverTouch, containers: ["db"] } };

  expect(held({ hook: "pg" }, [mounting("db", ["data"])], { guardrails })).toEqual(["db"]);
  expect(told({ hook: "pg" }, [mounting("db", ["data"])], { guardrails, self: ["db"] })).toBe(
    "refuse dump:data: its container db is the agent's own",
  );
});

test("a hook that the host does not know is refused, and one without a running container waits", () => {
  const over = mounting("db", ["data"], { state: "exited" });

  expect(told({ hook: "pg" }, [over])).toBe("refuse dump:data: this host knows no hook pg");
  expect(told({ hook: "constructor" }, [over], { guardrails: HOOKS })).toContain("knows no hook constructor");
  expect(told({ hook: "pg" }, [over], { guardrails: HOOKS })).toBe(
    "wait dump:data: no container runs that may write to it, for hook pg to run in",
  );
});
