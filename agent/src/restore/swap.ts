/**
 * Exchanges the content of a dataset that containers use, and can take that back. Whatever cuts it off, the dataset is
 * afterwards the old content or the new one as a whole, and its containers run: `settleSwaps` sees to that.
 */
import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DAY_MS, errorChain, type Clock, type Instant } from "@shipkeeper/kit";
import { DockerUnavailable, type EngineActor, type EngineReader } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import { dependentsFirst, readDatasetId } from "@shipkeeper/policy";
import { AlreadyRunning, takeLock } from "@shipkeeper/runtime";
import { RestoreRefused } from "./refused.ts";
import { isThere } from "./staging.ts";
import type { Swap, SwapJournal } from "./swap-journal.ts";

/** How long what was there before can be put back. */
export const KEEP_UNDO_MS = 7 * DAY_MS;

export type SwapEngine = Pick<EngineReader, "containerIds" | "container"> &
  Pick<EngineActor, "stopContainer" | "startContainer">;

export interface SwapDeps {
  readonly engine: SwapEngine;
  readonly journal: SwapJournal;
  readonly clock: Clock;
  readonly tell: (line: string) => void;
}

export interface SwapOrder extends Pick<Swap, "dataset" | "folder" | "incoming" | "source"> {
  /** Why a container must not be stopped; undefined where it may. */
  readonly refuse: (container: Container) => string | undefined;
  /** Once nothing writes to the dataset any more: saves what is there. Returns the restore point of it. */
  readonly save?: () => Promise<string>;
}

/**
 * Stops who uses the dataset, dependents first, puts the content in its place and starts them again. Where anything
 * fails they run again with what was there. Throws `RestoreRefused`, or what failed.
 */
export async function swapContent(order: SwapOrder, deps: SwapDeps): Promise<Swap> {
  const { engine, journal, clock, tell } = deps;
  const lock = takeSwapLock(journal);
  try {
    const users = await runningUsers(order, engine);
    for (const user of users) {
      const why = order.refuse(user);
      if (why !== undefined) throw new RestoreRefused(`container ${user.name} must not be stopped: ${why}`);
    }
    const id = randomUUID().slice(0, 8);
    const { dataset, folder, incoming, source } = order;
    let swap: Swap = {
      id,
      at: clock(),
      dataset,
      folder,
      incoming,
      source,
      undo: join(dirname(folder), `shipkeeper-undo-${id}-${basename(folder)}`),
      containers: dependentsFirst(users).map((user) => ({ id: user.id, name: user.name })),
      phase: "stopping",
    };
    const enter = (phase: Swap["phase"]) => journal.write((swap = { ...swap, phase }));

    enter("stopping");
    try {
      for (const { id: user, name } of swap.containers) {
        tell(`stopping ${name}`);
        await engine.stopContainer(user);
      }
      if (order.save !== undefined) tell("saving what is there");
      const safety = await order.save?.();
      swap = { ...swap, ...(safety !== undefined && { safety }) };
      await refuseUsers(swap, engine);
      enter("swapping");
      await exchange(swap);
    } catch (error) {
      await putBack(swap);
      await startAgain(swap, deps);
      journal.remove(swap);
      throw error;
    }
    enter("starting");
    await startAgain(swap, deps);
    enter("done");
    return swap;
  } finally {
    lock.release();
  }
}

/**
 * Brings to an end what was cut off: content that may have moved is put in its place, else the old one stays; then the
 * containers that were stopped for it run again. Throws `DockerUnavailable` where the engine does not answer yet; what
 * another program has in hand is left to it.
 */
export async function settleSwaps(deps: SwapDeps): Promise<void> {
  const { journal, tell } = deps;
  if (journal.all().every(({ phase }) => phase === "done")) return;
  let lock;
  try {
    lock = takeLock(join(journal.folder, "lock"));
  } catch (error) {
    if (error instanceof AlreadyRunning) return;
    throw error;
  }
  try {
    for (const swap of journal.all().filter(({ phase }) => phase !== "done")) {
      const moved = swap.phase !== "stopping" && (await settleFolders(swap));
      tell(
        `restore ${swap.id} of ${swap.dataset} was cut off: it has the ${moved ? "restored" : "old"} content`,
      );
      if (moved) journal.write({ ...swap, phase: "starting" });
      await startAgain(swap, deps);
      if (moved) journal.write({ ...swap, phase: "done" });
      else journal.remove(swap);
    }
  } finally {
    lock.release();
  }
}

/** Removes what was kept for long enough, and the record of what is not there any more. */
export async function forgetOldSwaps({ journal, tell }: SwapDeps, now: Instant): Promise<void> {
  for (const swap of journal.all().filter(({ phase }) => phase === "done")) {
    const isOld = now - swap.at >= KEEP_UNDO_MS;
    if (!isOld && (await isThere(swap.undo))) continue;
    await rm(swap.undo, { recursive: true, force: true });
    journal.remove(swap);
    if (isOld) tell(`what ${swap.dataset} was before restore ${swap.id} is not kept any longer`);
  }
}

/** Each rename is whole or not at all, so that looking tells how far it came; done twice it does no harm. */
async function exchange({ folder, incoming, undo }: Swap): Promise<void> {
  try {
    if (!(await isThere(undo))) await rename(folder, undo);
    if (!(await isThere(folder))) await rename(incoming, folder);
  } catch (error) {
    throw new RestoreRefused(`cannot exchange the content of ${folder}; a mount of its own cannot be moved`, {
      cause: error,
    });
  }
}

/** The dataset as it was before. */
async function putBack({ folder, incoming, undo }: Swap): Promise<void> {
  if (!(await isThere(undo))) return;
  if (await isThere(folder)) await rename(folder, incoming);
  await rename(undo, folder);
}

/** Whether the dataset has the new content; it has one of the two. */
async function settleFolders(swap: Swap): Promise<boolean> {
  if (!(await isThere(swap.undo))) return false;
  if (await isThere(swap.folder)) return true;
  if (await isThere(swap.incoming)) {
    await exchange(swap);
    return true;
  }
  await putBack(swap);
  return false;
}

/** In the reverse of the order in which they stopped. One that cannot start is told; the others start all the same. */
async function startAgain({ containers }: Swap, { engine, tell }: SwapDeps): Promise<void> {
  for (const { id, name } of containers.toReversed()) {
    try {
      const result = await engine.startContainer(id);
      if (result === "started") tell(`${name} runs again`);
    } catch (error) {
      if (error instanceof DockerUnavailable) throw error;
      tell(`${name} does not start: ${errorChain(error)}`);
    }
  }
}

type Place = Pick<Swap, "dataset" | "folder">;

async function refuseUsers(place: Place, engine: SwapEngine): Promise<void> {
  const [user] = await runningUsers(place, engine);
  if (user === undefined) return;
  throw new RestoreRefused(`container ${user.name} was started meanwhile and uses ${place.folder}`);
}

async function runningUsers(place: Place, engine: SwapEngine): Promise<Container[]> {
  const users: Container[] = [];
  for (const id of await engine.containerIds()) {
    const container = await engine.container(id);
    if (container === undefined || !RUNNING.has(container.state)) continue;
    if (container.mounts.some(({ source }) => isUse(source, place))) users.push(container);
  }
  return users;
}

const RUNNING: ReadonlySet<Container["state"]> = new Set(["running", "paused", "restarting"]);

/**
 * A mount of the folder or of something in it holds on to what was there. One of a folder around it is a use of a bind
 * mount's folder; around volumes it is what looks after the whole host.
 */
function isUse(source: string, { dataset, folder }: Place): boolean {
  if (source === "") return false;
  const isAround = folder.startsWith(source === "/" ? "/" : `${source}/`);
  return `${source}/`.startsWith(`${folder}/`) || (isAround && readDatasetId(dataset)?.kind === "bind");
}

function takeSwapLock({ folder }: SwapJournal) {
  try {
    return takeLock(join(folder, "lock"));
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    throw new RestoreRefused("another restore in place is under way on this host", { cause: error });
  }
}
