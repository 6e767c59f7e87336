import { days } from "@shipkeeper/kit";
import type { Network } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import { container, NOW, verdicts, worldWith } from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const network = (name: string, facts: Partial<Network> = {}): Network => ({
  id: `id-of-${name}`,
  name,
  driver: "bridge",
  scope: "local",
  internal: false,
  labels: {},
  createdAt: NOW - days(90),
  ...facts,
});

function worldOf(networks: Network[], idleDays = 10) {
  const guardrails = guardrailsSchema.parse({ neverTouch: { labels: ["keep=true"] } });
  const member = { name: "in-use", id: "", address: "" };
  const containers = [
    // Made and never started: it has no network id yet.
    container("waiting", { state: "created", networks: [member] }),
    container("shop", { compose: { project: "shop", service: "web", number: "1" } }),
    container("mode", { privileges: { ...container("x").privileges, networkMode: "by-mode" } }),
  ];
  const world = worldWith({ networks, containers }, { guardrails });
  const since = new Map(networks.map(({ id }) => [id, NOW - days(idleDays)]));
  return { ...world, ledger: { ...world.ledger, orphans: { volumes: new Map(), networks: since } } };
}

const plan = (world: ReturnType<typeof worldWith>, networks: object = {}) =>
  Object.fromEntries(
    Object.entries(verdicts(planPrune(pruneSpecSchema.parse({ networks }), world))).filter(
      ([, said]) => !said.includes("not-in-rule"),
    ),
  );

test("a network goes when no container was part of it for long enough, as far as the agent remembers", () => {
  expect(plan(worldOf([network("old")]))).toEqual({ old: "remove: unused" });
  expect(plan(worldOf([network("old")], 6))).toEqual({ old: "keep: used-recently" });
  expect(plan(worldOf([network("fresh", { createdAt: NOW - days(1) })]))).toEqual({
    fresh: "keep: used-recently",
  });
  expect(plan(worldWith({ networks: [network("old")] }))).toEqual({ old: "keep: not-remembered" });
});

test("a network stays that is the engine's, reaches further, may be joined, or that a container needs", () => {
  const networks = [
    network("bridge"),
    network("swarm", { driver: "overlay", scope: "swarm" }),
    network("host-only", { driver: "host" }),
    network("open", { attachable: true }),
    network("mesh", { ingress: true }),
    network("in-use"),
    network("by-mode"),
    network("shop_default", { labels: { "com.docker.compose.project": "shop" } }),
    network("gone_default", { labels: { "com.docker.compose.project": "gone" } }),
    network("proxy"),
    network("kept", { labels: { keep: "true" } }),
  ];

  expect(plan(worldOf(networks), { except: ["proxy"] })).toEqual({
    gone_default: "remove: unused",
    bridge: "keep: predefined",
    swarm: "keep: not-local",
    "host-only": "keep: not-local",
    open: "keep: attachable",
    mesh: "keep: attachable",
    "in-use": "keep: in-use",
    "by-mode": "keep: in-use",
    shop_default: "keep: project-of",
    proxy: "keep: excepted",
    kept: "keep: never-touch",
  });
});
