/**
 * Makes a container anew from its own configuration. The old one is only renamed until the new one has proved itself, so
 * that at every moment one of the two can be started; it goes without its volumes and without force.
 */
import type { Container, ContainerId, RunId } from "@shipkeeper/model";
import type { ActContext, SettleContext } from "./action-context.ts";
import { insist } from "./insist.ts";

/** What recreating needs, before and after a crash. */
export type RecreateContext = Pick<SettleContext, "engine" | "runId" | "pause" | "signal" | "log">;

/** The name that the old container has meanwhile. */
export function nameBefore(name: string, runId: RunId): string {
  return `${name}-before-${runId.slice(0, 8)}`;
}

/** Whether another container lives in this one's network or processes; it would be left in those of a dead one. */
export async function isSharedByOthers(
  { id, name }: Container,
  { engine }: Pick<ActContext, "engine">,
): Promise<boolean> {
  const modes = new Set([`container:${id}`, `container:${name}`]);
  for (const otherId of await engine.containerIds()) {
    const other = await engine.container(otherId);
    const { networkMode = "", pidMode = "", ipcMode = "" } = other?.privileges ?? {};
    if ([networkMode, pidMode, ipcMode].some((mode) => modes.has(mode))) return true;
  }
  return false;
}

/** Of a container that has ended: a new one that waits to be started. Where it cannot be made the old one runs again. */
export async function makeAnew(
  old: Pick<Container, "id" | "name">,
  context: ActContext,
): Promise<ContainerId> {
  const { engine, runId } = context;
  const renamed = await engine.renameContainer(old.id, nameBefore(old.name, runId));
  try {
    if (renamed !== "renamed") throw new Error(`container ${old.name} cannot be renamed: ${renamed}`);
    const made = await engine.copyContainer(old.id, old.name);
    if (made === "already-gone") throw new Error(`container ${old.name} was removed while it was made anew`);
    return made.id;
  } catch (error) {
    await putBack(old, context);
    throw error;
  }
}

/** Undoes what was done so far: the new container goes, the old one has its name again and runs. */
export async function putBack(old: Pick<Container, "id" | "name">, context: RecreateContext): Promise<void> {
  const { engine } = context;
  const made = await copyOf(old, context);
  if (made !== undefined) {
    await insist(`stop the copy of ${old.name}`, () => engine.stopContainer(made.id), context);
    await insist(`remove the copy of ${old.name}`, () => engine.removeContainer(made.id), context);
  }
  await insist(`name ${old.name} again`, () => engine.renameContainer(old.id, old.name), context);
  await insist(`start ${old.name} again`, () => engine.startContainer(old.id), context);
}

/** The container that has the old one's name by now. */
export async function copyOf(
  old: Pick<Container, "id" | "name">,
  context: RecreateContext,
): Promise<Container | undefined> {
  const { engine } = context;
  for (const id of await insist("list containers", () => engine.containerIds(), context)) {
    if (id === old.id) continue;
    const other = await insist(`look at container ${id}`, () => engine.container(id), context);
    if (other?.name === old.name) return other;
  }
  return undefined;
}

/** The old container is not needed any more. */
export async function removeOld(
  old: Pick<Container, "id" | "name">,
  context: RecreateContext,
): Promise<void> {
  const { engine } = context;
  await insist(`remove what ${old.name} was before`, () => engine.removeContainer(old.id), context);
}
