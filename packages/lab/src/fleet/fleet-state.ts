import { link, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { processStartTicks } from "./processes.ts";

/** Where fleets write down what they made, so that anybody can clear up after an owner that died. */
export const STATE_FOLDER = "/run/shipkeeper-lab";

const hostState = z.object({
  name: z.string(),
  /** Name under /run/netns. */
  netns: z.string(),
  /** The end of the host's cable that hangs in the bridge. */
  link: z.string(),
  address: z.string(),
  folder: z.string(),
});

const fleetState = z.object({
  /** Of this fleet alone: its subnet goes to another after it. */
  id: z.string(),
  /** The third number of the fleet's 10.77.x.0/24, and the file's name: two fleets cannot have the same. */
  subnet: z.number(),
  owner: z.object({ pid: z.number(), startTicks: z.number() }),
  folder: z.string(),
  bridge: z.string(),
  gateway: z.string(),
  hosts: z.array(hostState),
});

/** Everything that must be known to remove a fleet. Written before the first thing is made. */
export type FleetState = z.infer<typeof fleetState>;
export type HostState = z.infer<typeof hostState>;

export function stateFile(subnet: number): string {
  return join(STATE_FOLDER, `${subnet}.json`);
}

/** The state of every fleet on this machine, whether its owner lives or not. */
export async function readFleetStates(): Promise<FleetState[]> {
  await mkdir(STATE_FOLDER, { recursive: true });
  const names = await readdir(STATE_FOLDER);
  const states = await Promise.all(names.filter((name) => /^\d+\.json$/.test(name)).map(readState));
  return states.filter((state) => state !== undefined);
}

async function readState(name: string): Promise<FleetState | undefined> {
  try {
    return fleetState.parse(JSON.parse(await readFile(join(STATE_FOLDER, name), "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // removed since it was listed
    throw new Error(`${join(STATE_FOLDER, name)} is not a fleet's state`, { cause: error });
  }
}

/** The fleet's state as it is written down; undefined once the fleet was removed. */
export async function readFleetState(id: string): Promise<FleetState | undefined> {
  return (await readFleetStates()).find((state) => state.id === id);
}

/**
 * Takes a subnet for the fleet by writing its state file. False when somebody else holds the subnet:
 * the file appears whole or not at all, and only one of several takers can make it.
 */
export async function claimSubnet(state: FleetState): Promise<boolean> {
  await mkdir(STATE_FOLDER, { recursive: true });
  const draft = `${stateFile(state.subnet)}.${state.id}`;
  await writeFile(draft, JSON.stringify(state, null, 2));
  try {
    await link(draft, stateFile(state.subnet));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft);
  }
}

export async function forgetFleet(state: FleetState): Promise<void> {
  await rm(stateFile(state.subnet), { force: true });
}

/** False once the owner ended, even if another process has got its number since. */
export function ownerLives({ owner }: FleetState): boolean {
  return processStartTicks(owner.pid) === owner.startTicks;
}
