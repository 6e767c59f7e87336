import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import type { Verdict } from "../actions/action.ts";
import { guardrailsSchema } from "../guardrails.ts";
import { container, containerId, image, mounting, worldWith } from "../testing/world.ts";
import { checkBackup } from "./check-backup.ts";
import type { World } from "./world.ts";

const STOP = { select: { volumes: ["*"], binds: ["*"] }, consistency: "stop", to: ["local", "offsite"] };

function wrong(world: World, expects: Verdict["expect"], spec: object = STOP, id = "volume:data"): unknown[] {
  const step: Verdict = {
    target: { type: "dataset", id, name: id },
    decision: expects?.["from"] === undefined ? "back-up" : "copy",
    reason: { why: "due" },
    expect: { dataset: id, repository: "local", ...expects },
  };
  return checkBackup(step, world, spec).filter((violation) => violation !== false);
}

const world = (containers = [mounting("db", ["data"])], facts: Partial<World> = {}) =>
  worldWith({ volumes: [plainVolume("data")], containers }, facts);
const stops = (...names: string[]) => ({ consistency: "stop", containers: names.map(containerId).join(" ") });

test("a backup goes to a repository that host and rule know, and only from a volume that may be touched", () => {
  const share = worldWith({ volumes: [plainVolume("share", { driver: "nfs" })] });
  const neverTouch = guardrailsSchema.parse({ neverTouch: { volumes: ["data"] } });
  const none = { ...STOP, consistency: "none" };

  expect(wrong(share, { repository: "moon", consistency: "none" }, none, "volume:share")).toEqual([
    "to an unknown repository",
    "to a repository that the rule does not name",
    "has driver nfs",
  ]);
  expect(wrong(world([], { guardrails: neverTouch }), stops())).toEqual(["never to be touched"]);
  expect(wrong(world(), { ...stops("db"), repository: "offsite", from: "moon" })).toEqual([
    "from an unknown repository",
  ]);
  expect(wrong(world(), stops("db"))).toEqual([]);
});

test("a container is held still only by a rule that says so, in its way, and nobody is left to write", () => {
  const none = { ...STOP, consistency: "none" };

  expect(wrong(world(), stops("db"), none)).toEqual(["stop where the rule says none"]);
  expect(wrong(world(), { consistency: "none" })).toEqual(["none where the rule says stop"]);
  expect(wrong(world(), { ...stops("db"), consistency: "none" }, none)).toEqual([
    "disturbs containers for nothing",
  ]);
  expect(wrong(world(), stops())).toEqual(["db goes on writing"]);
});

test("never one that must not be touched, is the agent's, would not come back, or stops before those who need it", () => {
  const db = mounting("db", ["data"], { autoRemove: true, swarm: { service: "s", task: "t" } });
  const api = mounting("api", ["data"], { labels: { "shipkeeper.depends-on": "db" } });
  const guardrails = guardrailsSchema.parse({ neverTouch: { containers: ["db"] } });

  expect(wrong(world([db], { guardrails, self: ["db"] }), stops("db"))).toEqual([
    "stop of db, never to be touched",
    "stop of the agent's db",
    "stop of db, which would be removed",
    "stop of an orchestrator's db",
  ]);
  expect(wrong(world([mounting("db", ["data"]), api]), stops("db", "api"))).toEqual([
    "holds what others need before them",
  ]);
  expect(wrong(world([mounting("db", ["data"]), api]), stops("api", "db"))).toEqual([]);
});

test("a hook is one that the host knows, in one container that has the data and is not the agent's", () => {
  const spec = { ...STOP, select: { volumes: ["*"] }, consistency: { hook: "pg" } };
  const guardrails = guardrailsSchema.parse({ hooks: { pg: { use: "postgresql" } } });
  const hooked = (hook: string, ...names: string[]) => ({ ...stops(...names), consistency: "hook", hook });
  const told = (expects: Verdict["expect"], facts: Partial<World> = {}) =>
    wrong(
      world([mounting("db", ["data"]), container("web")], { guardrails, ...facts }),
      expects,
      spec,
      "dump:data",
    );

  expect(told(hooked("pg", "db"))).toEqual([]);
  expect(told(hooked("my", "db"))).toEqual(["the host knows no such hook"]);
  expect(told(hooked("pg", "web"))).toEqual(["its hook runs where the data is not"]);
  expect(told(hooked("pg"))).toEqual(["a hook runs in one container"]);
  expect(told(hooked("pg", "db"), { self: ["db"] })).toEqual(["its hook runs in the agent"]);
});

test("a folder is one that a container writes to and the host allows, an image one that no registry has", () => {
  const used = image("app:1", { digests: ["app@sha256:1"] });
  const held = worldWith({ images: [used], containers: [mounting("web", ["/srv/app:ro"])] });
  const told = (id: string) => wrong(held, { consistency: "none" }, { ...STOP, consistency: "none" }, id);

  expect(told("bind:/srv/app")).toEqual(["no container may write to it", "the host does not allow it"]);
  expect(told("image:app:1")).toEqual([
    "the rule asks for no images",
    "a registry has it",
    "no container is made from it",
  ]);
  expect(told("host:configuration")).toEqual(["the rule does not ask for the host"]);
  expect(told("tape:1")).toEqual(["is no data"]);
});
