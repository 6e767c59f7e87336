/** What forbids the removal of volumes, networks and build cache by `prune`, judged without its planner. */
import { MINUTE_MS, matchesPattern } from "@shipkeeper/kit";
import { isProtected } from "./check-never-touch.ts";
import type { Check } from "./check-step.ts";
import { hasGap } from "./has-gap.ts";

export const checkVolumeRemoval: Check = ({ target, expect }, { inventory, guardrails, ledger }) => {
  const volume = inventory.volumes.find(({ name }) => name === target.id);
  if (volume === undefined) return ["not in the inventory"];
  const { name, driver, anonymous, labels, users, refCount = 0 } = volume;
  const mounted = inventory.containers.some(({ mounts }) => mounts.some((mount) => mount.volume === name));
  const since = ledger.orphans.volumes.get(name) ?? Infinity;
  const saved = ledger.restorePoints.some(
    ({ id, dataset, at, verifiedAt }) =>
      id === expect?.["restorePoint"] &&
      dataset === `volume:${name}` &&
      at > since &&
      verifiedAt !== undefined,
  );
  const allowed = guardrails.allow.volumes.some((pattern) => matchesPattern(pattern, name));
  return [
    hasGap(inventory.gaps, ["containers", "volumes"]) && "the inventory has gaps",
    driver !== "local" && `has driver ${driver}`,
    (mounted || users.length > 0 || refCount > 0) && "a container refers to it",
    isProtected(guardrails, guardrails.neverTouch.volumes, [name], labels) && "never to be touched",
    !anonymous && !allowed && "is named, and the host does not allow it",
    since === Infinity && "the agent does not remember it",
    !saved && volume.sizeBytes !== 0 && "no restore point holds it",
  ];
};

export const checkNetworkRemoval: Check = ({ target }, { inventory, guardrails, ledger }) => {
  const network = inventory.networks.find(({ id }) => id === target.id);
  if (network === undefined) return ["not in the inventory"];
  const { id, name, scope, driver, labels } = network;
  const project = labels["com.docker.compose.project"];
  const used = inventory.containers.some(
    ({ networks, privileges, compose }) =>
      networks.some((one) => one.id === id || one.name === name) ||
      privileges.networkMode === id ||
      privileges.networkMode === name ||
      (project !== undefined && compose?.project === project),
  );
  return [
    hasGap(inventory.gaps, ["containers", "networks"]) && "the inventory has gaps",
    used && "a container needs it",
    ["bridge", "host", "none", "docker_gwbridge"].includes(name) && "is the engine's own",
    (scope !== "local" || !["bridge", "macvlan", "ipvlan"].includes(driver)) && "is not local",
    (network.attachable === true || network.ingress === true) && "others may join it",
    isProtected(guardrails, [], [], labels) && "never to be touched",
    !ledger.orphans.networks.has(id) && "the agent does not remember it",
  ];
};

export const checkBuildCacheRemoval: Check = ({ target }, { inventory, now }) => {
  const record = inventory.buildCache.find(({ id }) => id === target.id);
  if (record === undefined) return ["not in the inventory"];
  const busy = inventory.buildCache.some(
    ({ inUse, lastUsedAt, createdAt }) => inUse || (lastUsedAt ?? createdAt ?? 0) > now - 10 * MINUTE_MS,
  );
  return [
    hasGap(inventory.gaps, ["buildCache"]) && "the inventory has gaps",
    busy && "a build may be under way",
    record.shared && "an image holds it",
  ];
};
