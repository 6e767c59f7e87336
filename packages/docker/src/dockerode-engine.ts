/** The engine port over a real engine's socket, joined from what looks, changes, runs programs, and rebuilds. */
import { engineActor } from "./engine-actor.ts";
import type { EngineAddress } from "./engine-address.ts";
import { type Connection, openConnection } from "./connection.ts";
import { engineExec } from "./engine-exec.ts";
import { engineReader } from "./engine-reader.ts";
import { engineRebuild } from "./dockerode-rebuild.ts";
import type { Engine } from "./engine.ts";

/** An engine that is reached when it is first called, and again after it was away. */
export function openEngine(address: EngineAddress): Engine {
  return engineOver(openConnection(address));
}

/** As `openEngine`, but only where it can be reached now. Throws `DockerUnavailable`, `EngineUnsupported`. */
export async function connectEngine(address: EngineAddress, signal?: AbortSignal): Promise<Engine> {
  const connection = openConnection(address);
  await connection.apiVersion(signal);
  return engineOver(connection);
}

function engineOver(connection: Connection): Engine {
  return {
    address: connection.address,
    ...engineReader(connection),
    ...engineActor(connection),
    ...engineExec(connection),
    ...engineRebuild(connection),
  };
}
