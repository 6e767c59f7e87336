import { ownerLives, readFleetStates } from "./fleet/fleet-state.ts";
import { tearDown } from "./fleet/tear-down.ts";
import { sweepOwnedFolders } from "./owned-folder.ts";

/** Removes what processes left that died without clearing up: fleets, disks, registries. What belongs to the living is left alone. */
export async function sweepAbandoned(): Promise<void> {
  for (const state of await readFleetStates()) if (!ownerLives(state)) await tearDown(state.id);
  await sweepOwnedFolders();
}
