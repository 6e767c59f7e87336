import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabHost } from "../fleet/lab-host.ts";

export interface PastLife {
  /** Id of an exited container. */
  id: string;
  createdAt: Date;
  finishedAt: Date;
}

/**
 * Makes exited containers look as old as told, which the engine's API cannot do. Restarts the engine, since it reads
 * what it knows about containers only when it starts: running containers stop, so this comes before them.
 */
export async function backdateContainers(host: LabHost, pasts: readonly PastLife[]): Promise<void> {
  if (pasts.length === 0) return;
  await host.kill9(); // an orderly stop takes a second longer, and rewrites what it knows
  await Promise.all(pasts.map((past) => rewrite(host, past)));
  await host.restart();
}

async function rewrite(host: LabHost, { id, createdAt, finishedAt }: PastLife): Promise<void> {
  const path = join(host.dataRoot, "containers", id, "config.v2.json");
  const config = JSON.parse(await readFile(path, "utf8")) as { State: object };
  const past = {
    ...config,
    Created: createdAt.toISOString(),
    State: { ...config.State, StartedAt: createdAt.toISOString(), FinishedAt: finishedAt.toISOString() },
  };
  await writeFile(path, JSON.stringify(past));
}
