import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorChain, type Instant } from "@shipkeeper/kit";
import { DatabaseNotUsable, openDatabase, type Database } from "@shipkeeper/runtime";
import { OUTBOX_MIGRATIONS } from "./schema.ts";

/**
 * Opens the outbox file. A damaged one is set aside and a new one made, because an agent that reports with a loss is
 * better than one that does not start; a file of a newer version, or one that cannot be opened, is left alone.
 * `damage` says what was wrong with the file that was set aside.
 */
export function openOrQuarantine(file: string, now: Instant): { database: Database; damage?: string } {
  const damage = damageOf(file);
  if (typeof damage !== "string") return { database: damage };
  quarantine(file, now);
  return { database: open(file), damage };
}

function open(file: string): Database {
  return openDatabase(file, OUTBOX_MIGRATIONS, { check: true, shrinkable: true });
}

function damageOf(file: string): Database | string {
  // SQLite takes an empty file for a new one, but ours had a header from its first moment: its content was lost.
  if (statSync(file, { throwIfNoEntry: false })?.size === 0) return `${file} is empty`;
  try {
    return open(file);
  } catch (error) {
    if (error instanceof DatabaseNotUsable && error.fault === "damaged") return errorChain(error);
    throw error;
  }
}

/** Keeps the damaged file for whoever wants to look at it, and only the latest: the disk has its bounds. */
function quarantine(file: string, now: Instant): void {
  const folder = dirname(file);
  const earlier = readdirSync(folder).filter((name) => name.startsWith(`${basename(file)}.corrupt-`));
  for (const name of earlier) rmSync(join(folder, name), { force: true });

  const aside = `${file}.corrupt-${now}`;
  for (const ending of ["", "-wal"]) {
    const present = statSync(`${file}${ending}`, { throwIfNoEntry: false }) !== undefined;
    if (present) renameSync(`${file}${ending}`, `${aside}${ending}`);
  }
  rmSync(`${file}-shm`, { force: true });
}
