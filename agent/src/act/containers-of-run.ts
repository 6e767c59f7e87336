import type { Container, ContainerId } from "@shipkeeper/model";
import type { ActContext } from "./action-context.ts";

/**
 * Per run: what a container was made from and what it mounts never changes, so that each is inspected once and not once
 * a step.
 */
const knownContainers = new WeakMap<ActContext, Map<ContainerId, Container>>();

/** A container, in whatever state, of which something holds that never changes. Throws where one cannot be looked at. */
export async function containerWhere(
  context: ActContext,
  holds: (container: Container) => boolean,
): Promise<Container | undefined> {
  for await (const container of eachContainer(context)) if (holds(container)) return container;
  return undefined;
}

/** All of them. */
export async function containersWhere(
  context: ActContext,
  holds: (container: Container) => boolean,
): Promise<Container[]> {
  const found: Container[] = [];
  for await (const container of eachContainer(context)) if (holds(container)) found.push(container);
  return found;
}

async function* eachContainer(context: ActContext): AsyncGenerator<Container> {
  const known = knownContainers.get(context) ?? new Map<ContainerId, Container>();
  knownContainers.set(context, known);
  for (const id of await context.engine.containerIds()) {
    const container = known.get(id) ?? (await context.engine.container(id));
    if (container === undefined) continue;
    known.set(id, container);
    yield container;
  }
}
