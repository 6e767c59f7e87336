/**
 * What a drill makes on a host, and how it goes again. All of it carries the drill's run in its name and in a label, so
 * that a start of the agent finds what a crash left behind, and nobody takes it for a thing of the host's.
 */
import type { Engine } from "@shipkeeper/docker";
import { runIdSchema, volumeNameSchema, type Labels, type RunId, type VolumeName } from "@shipkeeper/model";
import type { Journal } from "../../ledger/journal.ts";
import type { ActContext } from "../action-context.ts";
import { insist } from "../insist.ts";

const LABEL = "shipkeeper.drill";
const PREFIX = "shipkeeper-drill-";

/** Whether this agent has had a drill of that id: a label alone says nothing, anybody may write it. */
export type IsDrill = (runId: RunId) => boolean;

/** By its journal: drills of its own data, and other hosts that it rebuilt for a try. */
export function drillsIn({ isRunOf }: Pick<Journal, "isRunOf">): IsDrill {
  return (runId) => isRunOf(runId, "drill") || isRunOf(runId, "rebuild");
}

export const scratchLabels = (runId: RunId): Labels => ({ [LABEL]: runId });
/** Of the drill's network and of its container. */
export const scratchName = (runId: RunId): string => `${PREFIX}${runId}`;
/** Of the folder in which the restored content is made whole. */
export const stagingName = (runId: RunId): string => `drill-${runId}`;
/** Of the folder in which what a whole host is made of lies. */
export const hostStagingName = (runId: RunId): string => `drill-${runId}-host`;
/** Of the n-th thing of a drill that makes many. */
export const scratchThing = (runId: RunId, place: number): string => `${PREFIX}${runId}-${place}`;
export const scratchVolume = (runId: RunId, place: number): VolumeName =>
  volumeNameSchema.parse(scratchThing(runId, place));

/** Whether a container, a volume or a network of this name is a drill's. */
export function isScratchName(name: string, isDrill: IsDrill): boolean {
  if (!name.startsWith(PREFIX)) return false;
  const runId = runIdSchema.safeParse(name.slice(PREFIX.length, PREFIX.length + UUID_LENGTH)).data;
  return runId !== undefined && isDrill(runId);
}
const UUID_LENGTH = 36;

type CleanContext = Pick<ActContext, "pause" | "signal" | "log"> & {
  readonly engine: Pick<
    Engine,
    | "containerIds"
    | "container"
    | "killContainer"
    | "removeContainer"
    | "networks"
    | "removeNetwork"
    | "volumes"
    | "removeVolume"
  >;
};

/** Removes everything of the drills that are meant, each thing by its full id. Throws where something stays. */
export async function removeScratch(isMeant: IsDrill, context: CleanContext): Promise<void> {
  const { engine } = context;
  const isOurs = ({ labels }: { readonly labels: Labels }) => {
    const runId = runIdSchema.safeParse(labels[LABEL]).data;
    return runId !== undefined && isMeant(runId);
  };
  const left: string[] = [];
  const note = (what: string, how: string) => void (how === "in-use" && left.push(what));

  for (const id of await insist("list containers", () => engine.containerIds({ label: LABEL }), context)) {
    const container = await insist(`look at container ${id}`, () => engine.container(id), context);
    if (container === undefined || !isOurs(container)) continue;
    const what = `container ${container.name}`;
    await insist(`end ${what}`, () => engine.killContainer(id), context);
    note(what, await insist(`remove ${what}`, () => engine.removeContainer(id), context));
  }
  const networks = await insist("list networks", () => engine.networks(), context);
  for (const { id, name } of networks.filter(isOurs)) {
    note(`network ${name}`, await insist(`remove network ${name}`, () => engine.removeNetwork(id), context));
  }
  const volumes = await insist("list volumes", () => engine.volumes(), context);
  for (const { name } of volumes.filter(isOurs)) {
    note(`volume ${name}`, await insist(`remove volume ${name}`, () => engine.removeVolume(name), context));
  }
  if (left.length > 0) throw new Error(`of a drill there is still ${left.join(", ")}`);
}
