/**
 * What happens to containers while a dataset is read: who has to be paused or stopped and in which order, or where a hook
 * runs. One that must not be touched, or that nobody could start again, forbids the backup rather than being left to write.
 */
import { isAlive, isComplete, type Container, type Inventory } from "@shipkeeper/model";
import { type Dataset } from "../../dataset/dataset.ts";
import { writersOf } from "../../dataset/mounted.ts";
import type { World } from "../../round/world.ts";
import { databaseSign } from "../database.ts";
import { dependentsFirst } from "../dependents-first.ts";
import type { Expectation } from "../expectation.ts";
import { isSelf, protectsContainer } from "../never-touch.ts";
import type { BackupReason } from "./reason.ts";
import type { Consistency } from "./spec.ts";

type StepReason = Extract<BackupReason, { why: "due" }>;

interface Scene extends Pick<World, "guardrails" | "self"> {
  readonly inventory: Pick<Inventory, "containers" | "images" | "gaps">;
}

/** What a step relies on, and what its reason tells of it. */
export interface Still {
  readonly expect: Expectation;
  readonly still?: NonNullable<StepReason["still"]>;
}

/** `expect.containers` names by id whom a step may pause or stop, in the order in which it does. */
export function holdStill(consistency: Consistency, dataset: Dataset, world: Scene): Still | BackupReason {
  if (consistency === "none" || dataset.kind === "host" || dataset.kind === "image") {
    return { expect: { consistency: "none" } };
  }
  // Somebody who is not in the list might write all the while.
  if (!isComplete(world.inventory, "containers")) return { why: "containers-unknown" };
  const { containers } = world.inventory;
  const writers = writersOf(dataset, containers);
  if (typeof consistency === "object") return runHook(consistency.hook, writers, world);

  // Who is paused writes nothing, and whoever paused it wants it to stay so.
  const writing = writers.filter(({ state }) => state !== "paused");
  const touched = consistency === "stop" ? withGuests(writing, containers) : writing;
  const obstacle = touched.map((container) => obstacleIn(container, world)).find((one) => one !== undefined);
  if (obstacle !== undefined) return obstacle;

  const order = dependentsFirst(touched);
  const expect = { consistency, containers: order.map(({ id }) => id).join(" ") };
  if (order.length === 0) return { expect };
  return { expect, still: { how: consistency, containers: order.map(({ name }) => name) } };
}

/** It is root who named the hook, so that it runs in containers, too, that rules never touch. */
function runHook(hook: string, writers: readonly Container[], world: Scene): Still | BackupReason {
  if (!Object.hasOwn(world.guardrails.hooks, hook)) return { why: "hook-unknown", hook };
  const imageOf = ({ imageId }: Container) => world.inventory.images.find(({ id }) => id === imageId);
  const isDatabase = (one: Container) => databaseSign(one, imageOf(one)) !== undefined;
  const running = writers
    .filter(({ state }) => state === "running")
    .sort((a, b) => Number(isDatabase(b)) - Number(isDatabase(a)) || (a.name < b.name ? -1 : 1));
  const [home] = running;
  if (home === undefined) return { why: "hook-homeless", hook };
  if (isSelf(world.self, home)) return { why: "container-is-self", container: home.name };
  return {
    expect: { consistency: "hook", hook, containers: home.id },
    still: { how: "hook", containers: [home.name] },
  };
}

/** Those that live in a stopped container's network or processes lose them for good: they stop before and start after it. */
function withGuests(containers: readonly Container[], all: readonly Container[]): Container[] {
  const found = new Set(containers);
  // A set hands out what is added while it is walked.
  for (const { id, name } of found) {
    const modes = [`container:${id}`, `container:${name}`];
    for (const guest of all) {
      const { networkMode, pidMode, ipcMode } = guest.privileges;
      if (isAlive(guest) && [networkMode, pidMode, ipcMode].some((mode) => modes.includes(mode)))
        found.add(guest);
    }
  }
  return [...found];
}

function obstacleIn(container: Container, { guardrails, self }: Scene): BackupReason | undefined {
  const { name, state, swarm, kubernetes, autoRemove } = container;
  if (isSelf(self, container)) return { why: "container-is-self", container: name };
  const by = protectsContainer(guardrails.neverTouch, container);
  if (by !== undefined) return { why: "container-protected", container: name, by };
  if (swarm !== undefined) return { why: "container-managed", container: name, by: "swarm" };
  if (kubernetes !== undefined) return { why: "container-managed", container: name, by: "kubernetes" };
  if (autoRemove) return { why: "container-managed", container: name, by: "auto-remove" };
  if (state !== "running") return { why: "container-unsettled", container: name, state };
  return undefined;
}
