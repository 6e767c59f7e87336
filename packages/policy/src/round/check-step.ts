import { matchesPattern } from "@shipkeeper/kit";
import type { Labels } from "@shipkeeper/model";
import type { Verdict } from "../actions/action.ts";
import type { World } from "./world.ts";

type Check = (step: Verdict, world: World) => (string | false)[];

/** Kind, verb and type of target → what forbids the step. A step that stands nowhere here is forbidden. */
const CHECKS: Readonly<Record<string, Check>> = {
  "prune remove image": checkImageRemoval,
  "prune remove container": checkContainerRemoval,
  "backup back-up volume": checkBackup,
  "restart restart container": checkRestart,
  "expire announce container": checkExpiry,
  "expire stop container": checkExpiry,
  "expire remove container": checkExpiry,
};

/** What of the built-in floors and the guardrails one step would break. */
export function checkStep(kind: string, step: Verdict, world: World): string[] {
  const check = CHECKS[`${kind} ${step.decision} ${step.target.type}`];
  if (check === undefined) return [`${kind} has no step "${step.decision}" for type ${step.target.type}`];

  const violations = check(step, world).filter((violation) => violation !== false);
  if (step.expect === undefined) violations.push("does not say what it relies on");
  return violations.map((violation) => `${step.decision} ${step.target.id}: ${violation}`);
}

function checkImageRemoval({ target }: Verdict, { inventory, guardrails }: World): (string | false)[] {
  const image = inventory.images.find(({ id }) => id === target.id);
  if (image === undefined) return ["not in the inventory"];
  const { images } = guardrails.neverTouch;
  return [
    hasGap(inventory.gaps) && "the inventory has gaps",
    inventory.containers.some(({ imageId }) => imageId === image.id) && "a container is made from it",
    inventory.images.some(({ parentId }) => parentId === image.id) && "an image is built on it",
    isProtected(guardrails, images, [...image.tags, ...image.digests], image.labels) && "never to be touched",
    image.memory === undefined && "the agent does not remember it",
  ];
}

function checkContainerRemoval(
  { target }: Verdict,
  { inventory, guardrails, self }: World,
): (string | false)[] {
  const container = inventory.containers.find(({ id }) => id === target.id);
  if (container === undefined) return ["not in the inventory"];
  const { state, name, labels, swarm, kubernetes, autoRemove, restartPolicy } = container;
  const { containers } = guardrails.neverTouch;
  return [
    hasGap(inventory.gaps) && "the inventory has gaps",
    !["exited", "dead", "created"].includes(state) && `is ${state}`,
    (self.includes(container.id) || self.includes(name)) && "belongs to the agent",
    isProtected(guardrails, containers, [name], labels) && "never to be touched",
    (swarm !== undefined || kubernetes !== undefined) && "belongs to an orchestrator",
    autoRemove && "the engine removes it",
    !["no", ""].includes(restartPolicy.name) && "is a stopped service",
  ];
}

function checkBackup({ target, expect }: Verdict, world: World): (string | false)[] {
  const { inventory, guardrails, repositories } = world;
  const volume = inventory.volumes.find(({ name }) => name === target.id);
  if (volume === undefined) return ["not in the inventory"];
  const { volumes } = guardrails.neverTouch;
  return [
    volume.driver !== "local" && `has driver ${volume.driver}`,
    isProtected(guardrails, volumes, [volume.name], volume.labels) && "never to be touched",
    !repositories.some((repository) => repository === expect?.["repository"]) && "to an unknown repository",
  ];
}

function checkRestart({ target }: Verdict, { inventory, guardrails, self }: World): (string | false)[] {
  const container = inventory.containers.find(({ id }) => id === target.id);
  if (container === undefined) return ["not in the inventory"];
  const { state, health, name, labels, swarm, kubernetes, autoRemove } = container;
  const { containers } = guardrails.neverTouch;
  return [
    state !== "running" && `is ${state}`,
    health.status !== "unhealthy" && `is ${health.status}`,
    (self.includes(container.id) || self.includes(name)) && "belongs to the agent",
    isProtected(guardrails, containers, [name], labels) && "never to be touched",
    (swarm !== undefined || kubernetes !== undefined) && "belongs to an orchestrator",
    autoRemove && "would be removed",
  ];
}

function checkExpiry(
  { target, decision }: Verdict,
  { inventory, guardrails, self }: World,
): (string | false)[] {
  const container = inventory.containers.find(({ id }) => id === target.id);
  if (container === undefined) return ["not in the inventory"];
  const { id, state, name, labels, swarm, kubernetes, autoRemove } = container;
  const wanted = decision === "remove" ? "exited" : "running";
  const lends = inventory.containers.some(({ privileges }) =>
    [`container:${id}`, `container:${name}`].includes(privileges.networkMode),
  );
  return [
    hasGap(inventory.gaps) && "the inventory has gaps",
    state !== wanted && `is ${state}`,
    (self.includes(id) || self.includes(name)) && "belongs to the agent",
    isProtected(guardrails, guardrails.neverTouch.containers, [name], labels) && "never to be touched",
    (swarm !== undefined || kubernetes !== undefined) && "belongs to an orchestrator",
    autoRemove && "would be removed",
    lends && "another container lives in its network",
  ];
}

function hasGap(gaps: World["inventory"]["gaps"]): boolean {
  return gaps.some(({ section }) => section === "images" || section === "containers");
}

function isProtected(
  { neverTouch }: World["guardrails"],
  patterns: readonly string[],
  names: readonly string[],
  labels: Labels,
): boolean {
  if (patterns.some((pattern) => names.some((name) => matchesPattern(pattern, name)))) return true;
  const written = Object.entries(labels).flatMap(([key, value]) => [key, `${key}=${value}`]);
  return neverTouch.labels.some((label) => written.includes(label));
}
