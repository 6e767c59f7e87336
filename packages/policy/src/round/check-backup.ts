/** What forbids a step of `backup`, judged without its planner. */
import { matchesPattern } from "@shipkeeper/kit";
import type { Container, Mount } from "@shipkeeper/model";
import { catalog, type SpecOf } from "../actions/catalog.ts";
import { isProtected } from "./check-never-touch.ts";
import type { Check } from "./check-step.ts";
import { hasGap } from "./has-gap.ts";
import type { World } from "./world.ts";

type Violations = (string | false)[];

export const checkBackup: Check = ({ target, decision, expect }, world, rawSpec) => {
  const spec = catalog.backup.spec.safeParse(rawSpec).data;
  if (spec === undefined) return ["its selection cannot be read"];
  const [, kind = "", name = ""] = /^([a-z]+):(.*)$/s.exec(target.id) ?? [];
  const isKnown = (repository: unknown) => world.repositories.some((one) => one === repository);
  const isNamed = spec.to.some((one) => one === expect?.["repository"]);
  const holds = expect?.["consistency"];
  const ids = String(expect?.["containers"] ?? "")
    .split(" ")
    .filter((id) => id !== "");
  return [
    expect?.["dataset"] !== target.id && "does not say what it is about",
    !isKnown(expect?.["repository"]) && "to an unknown repository",
    !isNamed && "to a repository that the rule does not name",
    (decision === "copy") !== (expect?.["from"] !== undefined) && "is no copy of anything",
    decision === "copy" && !isKnown(expect?.["from"]) && "from an unknown repository",
    ...checkData(kind, name, world, spec),
    ...checkStill({ kind, name, holds, hook: expect?.["hook"], ids }, world, spec),
  ];
};

function checkData(kind: string, name: string, world: World, spec: SpecOf<"backup">): Violations {
  const { inventory, guardrails } = world;
  const { neverTouch, allow } = guardrails;
  switch (kind) {
    case "volume":
    case "dump": {
      const volume = inventory.volumes.find((one) => one.name === name);
      if (volume === undefined) return ["not in the inventory"];
      return [
        volume.driver !== "local" && `has driver ${volume.driver}`,
        isProtected(guardrails, neverTouch.volumes, [name], volume.labels) && "never to be touched",
      ];
    }
    case "bind":
      return [
        !inventory.containers.some(({ mounts }) =>
          mounts.some((one) => one.source === name && isOf(kind, name, one)),
        ) && "no container may write to it",
        !allow.binds.some((pattern) => matchesPattern(pattern, name)) && "the host does not allow it",
        /\.sock$|^\/(proc|sys|dev|run)\b/.test(name) && "holds no data",
      ];
    case "image": {
      const image = inventory.images.find(({ id, tags }) => id === name || tags.includes(name));
      if (image === undefined) return ["not in the inventory"];
      const isUsed = inventory.containers.some(({ imageId }) => imageId === image.id);
      return [
        spec.select.images !== true && "the rule asks for no images",
        image.digests.length > 0 && "a registry has it",
        !isUsed && "no container is made from it",
        isProtected(guardrails, neverTouch.images, image.tags, image.labels) && "never to be touched",
      ];
    }
    case "host":
      return [spec.select.host !== true && "the rule does not ask for the host"];
    default:
      return ["is no data"];
  }
}

interface Stillness {
  readonly kind: string;
  readonly name: string;
  readonly holds: unknown;
  readonly hook: unknown;
  readonly ids: readonly string[];
}

/** A container is paused or stopped only by a rule that says so, never one that is not to be touched, in a safe order. */
function checkStill(
  { kind, name, holds, hook, ids }: Stillness,
  world: World,
  spec: SpecOf<"backup">,
): Violations {
  const { inventory, guardrails } = world;
  const isFiles = ["volume", "dump", "bind"].includes(kind);
  const named = typeof spec.consistency === "object" ? "hook" : spec.consistency;
  const wanted = isFiles ? named : "none";
  if (holds !== wanted) return [`${String(holds)} where the rule says ${wanted}`];
  if (holds === "none") return [ids.length > 0 && "disturbs containers for nothing"];

  const writers = inventory.containers.filter(
    ({ state, mounts }) =>
      ["running", "restarting"].includes(state) && mounts.some((one) => isOf(kind, name, one)),
  );
  const gap = hasGap(inventory.gaps, ["containers"]) && "the containers could not all be read";
  const touched = ids.map((id) => inventory.containers.find((one) => one.id === id));
  if (holds === "hook") {
    return [
      gap,
      kind !== "dump" && "a hook dumps volumes only",
      !Object.keys(guardrails.hooks).some((one) => one === hook) && "the host knows no such hook",
      touched.length !== 1 && "a hook runs in one container",
      ...touched.map(
        (one) => (one === undefined || !writers.includes(one)) && "its hook runs where the data is not",
      ),
      ...touched.map((one) => one !== undefined && isOwn(one, world) && "its hook runs in the agent"),
    ];
  }
  return [
    gap,
    ...writers.map((one) => !touched.includes(one) && `${one.name} goes on writing`),
    ...touched.flatMap((one) =>
      one === undefined ? ["holds a container that is not there"] : checkHeld(one, holds, world),
    ),
    stopsTooEarly(touched.filter((one) => one !== undefined)) && "holds what others need before them",
  ];
}

function checkHeld(container: Container, holds: unknown, world: World): Violations {
  const { name, state, labels, autoRemove, swarm, kubernetes } = container;
  const { containers } = world.guardrails.neverTouch;
  return [
    state !== "running" && `${String(holds)} of ${name}, which is ${state}`,
    isProtected(world.guardrails, containers, [name], labels) &&
      `${String(holds)} of ${name}, never to be touched`,
    isOwn(container, world) && `${String(holds)} of the agent's ${name}`,
    autoRemove && `${String(holds)} of ${name}, which would be removed`,
    (swarm !== undefined || kubernetes !== undefined) && `${String(holds)} of an orchestrator's ${name}`,
  ];
}

/** Whether a container that others need stops before them. In a circle somebody has to be first. */
function stopsTooEarly(held: readonly Container[]): boolean {
  const needs = (one: Container, other: Container) =>
    one !== other &&
    (one.labels["shipkeeper.depends-on"] === other.name ||
      one.privileges.networkMode === `container:${other.name}`);
  const reaches = (one: Container, other: Container, seen = new Set<Container>()): boolean => {
    if (seen.has(one)) return false;
    seen.add(one);
    return needs(one, other) || held.some((next) => needs(one, next) && reaches(next, other, seen));
  };
  return held.some((later, index) =>
    held.slice(0, index).some((earlier) => needs(later, earlier) && !reaches(earlier, later)),
  );
}

function isOwn({ id, name }: Container, { self }: World): boolean {
  return self.includes(id) || self.includes(name);
}

function isOf(kind: string, name: string, mount: Mount): boolean {
  if (mount.readOnly) return false;
  if (kind === "bind") {
    const [one, other] = [`${mount.source}/`, `${name}/`];
    return mount.type === "bind" && (one.startsWith(other) || other.startsWith(one));
  }
  return mount.type === "volume" && mount.volume === name;
}
