/** What forbids a removal by `prune`, judged without its planner. */
import { containerIdentity, type Container, type Image } from "@shipkeeper/model";
import { isProtected } from "./check-never-touch.ts";
import type { Check } from "./check-step.ts";
import { hasGap } from "./has-gap.ts";
import type { World } from "./world.ts";

export const checkImageRemoval: Check = ({ target }, world, spec) => {
  const { inventory, guardrails } = world;
  const image = inventory.images.find(({ id }) => id === target.id);
  if (image === undefined) return ["not in the inventory"];
  const { images } = guardrails.neverTouch;
  return [
    hasGap(inventory.gaps) && "the inventory has gaps",
    inventory.containers.some(({ imageId }) => imageId === image.id) && "a container is made from it",
    inventory.images.some(({ parentId }) => parentId === image.id) && "an image is built on it",
    isProtected(guardrails, images, [...image.tags, ...image.digests], image.labels) && "never to be touched",
    image.memory === undefined && "the agent does not remember it",
    wasRunJustBefore(image, world, spec) && "a container may be rolled back to it",
  ];
};

export const checkContainerRemoval: Check = ({ target }, { inventory, guardrails, self }, spec) => {
  const container = inventory.containers.find(({ id }) => id === target.id);
  if (container === undefined) return ["not in the inventory"];
  const { state, name, labels, swarm, kubernetes, autoRemove } = container;
  const { containers } = guardrails.neverTouch;
  const mayStop =
    guardrails.allow.stoppedServices && at(spec, "containers", "includeStoppedServices") === true;
  return [
    hasGap(inventory.gaps) && "the inventory has gaps",
    !["exited", "dead", "created"].includes(state) && `is ${state}`,
    (self.includes(container.id) || self.includes(name)) && "belongs to the agent",
    isProtected(guardrails, containers, [name], labels) && "never to be touched",
    (swarm !== undefined || kubernetes !== undefined) && "belongs to an orchestrator",
    autoRemove && "the engine removes it",
    isService(container) && !mayStop && "is a stopped service",
  ];
};

/** The images of a container's last generations, as many as the rule says, are what it can go back to. */
function wasRunJustBefore(image: Image, { inventory, ledger }: World, spec: unknown): boolean {
  const generations = Number(at(spec, "images", "keepRollback", "generations") ?? 2);
  return inventory.containers.some((container) => {
    const identity = containerIdentity(container);
    const ran = ledger.pastImages.get(identity) ?? [];
    if (!ran.some(({ imageId }) => imageId === image.id)) return false; // most did not: nothing else is looked up
    const twins = inventory.containers.filter((other) => containerIdentity(other) === identity);
    const before = ran.filter((past) => !twins.some(({ imageId }) => imageId === past.imageId));
    return before.slice(0, generations).some(({ imageId }) => imageId === image.id);
  });
}

function isService({ restartPolicy, compose, labels }: Container): boolean {
  const oneOff = /^true$/i.test(labels["com.docker.compose.oneoff"] ?? "");
  return !["no", ""].includes(restartPolicy.name) || (compose !== undefined && !oneOff);
}

/** What a rule's own words say at a path, undecoded. */
function at(spec: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], spec);
}
