/**
 * One program at a time: an exclusive lock that the kernel takes back when its holder dies, however it dies. Node
 * offers no file locks of its own, so an empty SQLite file holds one (its locks are the kernel's).
 */
import { OperationalError } from "@shipkeeper/kit";
import Database from "better-sqlite3";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

export class AlreadyRunning extends OperationalError {
  override readonly name = "AlreadyRunning";
  readonly code = "already_running";
  readonly retryable = false;
}

export interface Lock {
  release(): void;
}

/** Keeps what is locked from the garbage collector, which would close it, and so let go, behind its holder's back. */
const held = new Set<Database.Database>();

/** Takes the lock or throws `AlreadyRunning`; never waits. */
export function takeLock(file: string): Lock {
  mkdirSync(dirname(file), { recursive: true });
  const nativeBinding = process.env["SHIPKEEPER_SQLITE_BINDING"];
  const database = new Database(file, {
    timeout: 0,
    ...(nativeBinding === undefined ? {} : { nativeBinding }),
  });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw new AlreadyRunning(`cannot take the lock ${file}: another program holds it`, { cause: error });
  }
  held.add(database);
  return {
    release() {
      held.delete(database);
      database.close();
    },
  };
}
