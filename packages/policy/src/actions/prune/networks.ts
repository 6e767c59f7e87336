import { isComplete, type Network } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { expectNetwork } from "../expectation.ts";
import { protectsNetwork } from "../never-touch.ts";
import { networkTarget } from "../target.ts";
import { exceptedBy } from "./excepted.ts";
import { byAge, idleSince } from "./idle-since.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneReason } from "./reason.ts";
import type { PruneSpec } from "./spec.ts";

type NetworksSpec = NonNullable<PruneSpec["networks"]>;

/** Made by the engine itself, which makes no new ones; `docker_gwbridge` is Swarm's. */
const PREDEFINED: ReadonlySet<string> = new Set(["bridge", "host", "none", "docker_gwbridge"]);
/** Drivers whose networks end at this host. */
const LOCAL_DRIVERS: ReadonlySet<string> = new Set(["bridge", "macvlan", "ipvlan"]);

/** A verdict for every network, the longest idle first; none where the rule is not about networks. */
export function judgeNetworks({ networks: spec }: PruneSpec, world: World): PruneVerdict[] {
  if (spec === undefined) return [];
  const section = (["containers", "networks"] as const).find(
    (needed) => !isComplete(world.inventory, needed),
  );
  return [...world.inventory.networks].sort(byAge(({ id }) => [since(world, id), id])).map((network) => {
    const target = networkTarget(network);
    if (section === undefined) return judgeNetwork(spec, world, network);
    return { target, decision: "refuse", reason: { why: "inventory-incomplete", section } };
  });
}

function judgeNetwork(spec: NetworksSpec, world: World, network: Network): PruneVerdict {
  const target = networkTarget(network);
  const keep = (reason: PruneReason): PruneVerdict => ({ target, decision: "keep", reason });

  const kept = reasonToKeep(spec, world, network);
  if (kept !== undefined) return keep(kept);
  const idleFrom = idleSince(since(world, network.id), network, world.now);
  if (idleFrom === undefined) return keep({ why: "not-remembered" });
  const unusedForMs = world.now - idleFrom;
  const limitMs = spec.unusedFor;
  if (unusedForMs < limitMs) return keep({ why: "used-recently", unusedForMs, limitMs });
  return {
    target,
    decision: "remove",
    reason: { why: "unused", unusedForMs, limitMs },
    expect: expectNetwork(network),
  };
}

function reasonToKeep(spec: NetworksSpec, world: World, network: Network): PruneReason | undefined {
  const { guardrails, inventory } = world;
  const { id, name, driver, scope, labels } = network;
  const protectedBy = protectsNetwork(guardrails.neverTouch, network);
  if (protectedBy !== undefined) return { why: "never-touch", by: protectedBy };
  if (PREDEFINED.has(name)) return { why: "predefined" };
  if (scope !== "local" || !LOCAL_DRIVERS.has(driver)) return { why: "not-local", driver };
  // Whoever may join it need not be a container that this engine lists.
  if (network.attachable === true || network.ingress === true) return { why: "attachable" };

  const user = inventory.containers.find(
    ({ networks, privileges: { networkMode } }) =>
      [id, name].includes(networkMode) || networks.some((used) => used.id === id || used.name === name),
  );
  if (user !== undefined) return { why: "in-use", by: user.name };
  const project = labels["com.docker.compose.project"];
  if (project !== undefined && inventory.containers.some(({ compose }) => compose?.project === project)) {
    return { why: "project-of", project };
  }
  const spared = exceptedBy(spec, [name], labels);
  return spared === undefined ? undefined : { why: "excepted", by: spared };
}

const since = ({ ledger }: World, id: string) => ledger.orphans.networks.get(id);
