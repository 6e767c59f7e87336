import type { Image } from "@shipkeeper/model";
import { isStep, type Verdict } from "../actions/action.ts";
import type { PlannedRule } from "../round/round.ts";
import type { World } from "../round/world.ts";

/** The world right after the steps were taken, as the agent's next inventory would show it. */
export function afterSteps(world: World, planned: readonly PlannedRule[]): World {
  const steps = planned.flatMap(({ verdicts }) => verdicts.filter(isStep));
  const removed = new Set(
    steps.filter(({ decision }) => decision === "remove").map(({ target }) => target.id),
  );
  const { inventory, now } = world;
  const used = new Set<string>(inventory.containers.map(({ imageId }) => imageId));

  return {
    ...world,
    inventory: {
      ...inventory,
      containers: inventory.containers
        .filter(({ id }) => !removed.has(id))
        .map((container) =>
          isRestarted(steps, container.id)
            ? { ...container, startedAt: now, health: { ...container.health, status: "starting" as const } }
            : container,
        ),
      // Whatever a container referred to a moment ago was used a moment ago.
      images: inventory.images
        .filter(({ id }) => !removed.has(id))
        .map((image) => (used.has(image.id) ? rememberedAsUsed(image, now) : image)),
    },
  };
}

function isRestarted(steps: readonly Verdict[], id: string): boolean {
  return steps.some(({ target, decision }) => decision === "restart" && target.id === id);
}

function rememberedAsUsed(image: Image, now: number): Image {
  return { ...image, memory: { firstSeenAt: image.memory?.firstSeenAt ?? now, lastUsedAt: now } };
}
