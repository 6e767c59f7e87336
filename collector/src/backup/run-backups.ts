/** When the collector backs itself up, each time in a process of its own: copying and checking a large file takes long. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { MINUTE_MS, type Clock, type Instant } from "@shipkeeper/kit";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import type { BackupConfig } from "../config.ts";
import { readBackupState, type BackupState } from "./backup-state.ts";

/** Command and arguments that start this program with its configuration; a word is added that says what to do. */
export type OwnProgram = readonly string[];

export interface OwnJob {
  readonly what: "backup" | "drill";
  readonly dueAt: Instant;
}

/** After a failure it is tried again this soon, or at the next time that it is due, if that is sooner. */
const RETRY_MS = 5 * MINUTE_MS;

/** What is due first. `triedAt` is when each was tried last in this life of the program. */
export function nextJob(
  state: BackupState,
  { every, drillEvery }: Pick<BackupConfig, "every" | "drillEvery">,
  triedAt: Partial<Record<OwnJob["what"], Instant>>,
): OwnJob {
  const dueAt = (what: OwnJob["what"], lastAt: Instant | undefined, everyMs: number): OwnJob => {
    const regular = lastAt === undefined ? 0 : lastAt + everyMs;
    const tried = triedAt[what];
    const again = tried === undefined ? 0 : tried + Math.min(RETRY_MS, everyMs);
    return { what, dueAt: Math.max(regular, again) };
  };
  const backup = dueAt("backup", state.newest?.dataAt, every);
  // There must be something to bring back.
  if (state.newest === undefined) return backup;
  const drill = dueAt("drill", state.drilled?.at, drillEvery);
  return drill.dueAt < backup.dueAt ? drill : backup;
}

export interface BackupsDeps {
  readonly dataDir: string;
  readonly config: BackupConfig;
  readonly program: OwnProgram;
  readonly now: Clock;
  readonly log: Logger;
}

const LOOK_EVERY_MS = MINUTE_MS;

export function startBackups({ dataDir, config, program, now, log }: BackupsDeps): Service {
  const triedAt: Partial<Record<OwnJob["what"], Instant>> = {};
  return startLoop({
    name: "own backups",
    log,
    retryMs: LOOK_EVERY_MS,
    async turn(signal) {
      const { what, dueAt } = nextJob(readBackupState(dataDir), config, triedAt);
      if (dueAt > now()) return Math.min(dueAt - now(), LOOK_EVERY_MS);
      triedAt[what] = now();
      const { code, said } = await run([...program, what], signal);
      if (code === 0) log.info({ what, said }, "the collector's own backup went well");
      else if (!signal.aborted) log.error({ what, code, said }, "the collector's own backup failed");
      return 0;
    },
  });
}

const MOST_LINES = 20;

/** What the program said, and how it ended; it is told to stop with the collector. */
function run(
  [command = "", ...args]: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => {
        if (lines.length < MOST_LINES) lines.push(line);
      });
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", stop);
      resolve({ code, said: lines.join("; ") });
    });
  });
}
