import { finished } from "node:stream/promises";
import { assert } from "@shipkeeper/kit";
import { waitUntil } from "../wait-until.ts";
import { ownerLives, readFleetState } from "./fleet-state.ts";
import { tearDown } from "./tear-down.ts";

// Waits until the pipe from the fleet's owner closes, then removes what the owner left. See watchdog.ts.

const fleetId = process.argv[2];
assert(fleetId !== undefined, "the watchdog needs the id of a fleet");

await finished(process.stdin.resume()).catch(() => undefined); // however it closes
const left = await readFleetState(fleetId);
if (left !== undefined) {
  // A dying process closes its pipes before it is gone.
  await waitUntil(() => !ownerLives(left), { what: "the end of the fleet's owner", deadlineMs: 10_000 });
  await tearDown(fleetId);
}
