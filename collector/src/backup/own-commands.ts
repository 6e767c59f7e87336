/** What an operator, or the collector itself, asks about its own backups on the command line. */
import { formatBytes, formatDuration, formatInstant } from "@shipkeeper/kit";
import { ConfigProblem } from "@shipkeeper/runtime";
import type { BackupConfig, CollectorConfig } from "../config.ts";
import { readBackupState } from "./backup-state.ts";
import { describe } from "./choose-restore-point.ts";
import { backUpCollector, drillCollector, type OwnPlace } from "./keep-state.ts";
import { openOwnBackup } from "./own-backup.ts";
import { restoreCollector } from "./restore-collector.ts";

const COMMANDS = { backup, drill, backups, restore };
export type OwnCommand = keyof typeof COMMANDS;

export const isOwnCommand = (name: string): name is OwnCommand => Object.hasOwn(COMMANDS, name);

/** Prints what was done. Throws `ConfigProblem` where no backup is configured, and whatever kept it from being done. */
export async function runOwnCommand(
  command: OwnCommand,
  args: readonly string[],
  { dataDir, backup: config }: Pick<CollectorConfig, "dataDir" | "backup">,
): Promise<void> {
  if (config === undefined)
    throw new ConfigProblem([
      "backup.to.url and backup.to.passwordFile say where the collector is backed up to",
    ]);
  if (args.length > (command === "restore" ? 1 : 0))
    throw new ConfigProblem([`${args.at(-1)} is not understood here (--help tells what is)`]);
  const ending = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ending.abort());
  const place = { dataDir, config, clock: Date.now, signal: ending.signal };
  for (const line of await COMMANDS[command](place, args)) process.stdout.write(`${line}\n`);
}

async function backup(place: OwnPlace): Promise<string[]> {
  const { newest } = await backUpCollector(place);
  if (newest === undefined) return [];
  const { restorePoint, bytes, addedBytes, tookMs } = newest;
  return [
    `restore point ${restorePoint.slice(0, 12)}: ${formatBytes(bytes)}, ${formatBytes(addedBytes)} of it new, in ${formatDuration(tookMs)}`,
  ];
}

async function drill(place: OwnPlace): Promise<string[]> {
  const { drilled } = await drillCollector(place);
  if (drilled === undefined) return [];
  const { restorePoint, dataAt, tookMs } = drilled;
  return [
    `restore point ${restorePoint.slice(0, 12)} of ${formatInstant(dataAt)} came back whole in ${formatDuration(tookMs)}`,
  ];
}

const NONE_YET = "none of them is of the collector here: it makes its first once a host is enrolled";

async function backups({ dataDir, config, signal }: OwnPlace): Promise<string[]> {
  const own = await openOwnBackup({ config, dataDir, signal });
  const listed = (await own.list()).map(describe);
  return readBackupState(dataDir).newest === undefined ? [...listed, NONE_YET] : listed;
}

async function restore(
  { dataDir, config, clock, signal }: OwnPlace & { config: BackupConfig },
  [id]: readonly string[],
): Promise<string[]> {
  const { restorePoint, manifest, putAside } = await restoreCollector({
    dataDir,
    config,
    id,
    now: clock(),
    signal,
  });
  return [
    `restored ${restorePoint.slice(0, 12)}: everything that was told before ${formatInstant(manifest.takenAt)}`,
    ...(putAside === undefined ? [] : [`what was there before is ${putAside}`]),
  ];
}
