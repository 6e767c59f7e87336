/** When the collector backs itself up, each time in a process of its own: copying and checking a large file takes long. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { MINUTE_MS, SECOND_MS, type Clock, type Instant } from "@shipkeeper/kit";
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

export interface OwnBackups {
  readonly state: BackupState;
  /** Whether any host was ever enrolled. */
  readonly hasHosts: boolean;
  readonly config: Pick<BackupConfig, "every" | "drillEvery">;
  /** When each was tried last in this life of the program. */
  readonly triedAt: Partial<Record<OwnJob["what"], Instant>>;
}

/**
 * What is due first. Nothing where no host was ever enrolled: such a database is empty, and one that was just installed in
 * the place of a lost one must not put its own before the restore points that are to be brought back.
 */
export function nextJob({
  state,
  hasHosts,
  config: { every, drillEvery },
  triedAt,
}: OwnBackups): OwnJob | undefined {
  if (!hasHosts) return undefined;
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

export const NO_HOST_YET = "no host was ever enrolled here: the collector backs itself up once one is";

export interface BackupsDeps {
  readonly dataDir: string;
  readonly config: BackupConfig;
  readonly program: OwnProgram;
  readonly hasHosts: () => boolean;
  readonly now: Clock;
  readonly log: Logger;
}

const LOOK_EVERY_MS = MINUTE_MS;
/** The first host shall not wait for long, and looking for it costs next to nothing. */
const LOOK_FOR_HOSTS_MS = 5 * SECOND_MS;

export function startBackups({ dataDir, config, program, hasHosts, now, log }: BackupsDeps): Service {
  const triedAt: Partial<Record<OwnJob["what"], Instant>> = {};
  if (!hasHosts()) log.info({ dataDir }, NO_HOST_YET);
  return startLoop({
    name: "own backups",
    log,
    retryMs: LOOK_EVERY_MS,
    async turn(signal) {
      const job = nextJob({ state: readBackupState(dataDir), hasHosts: hasHosts(), config, triedAt });
      if (job === undefined) return LOOK_FOR_HOSTS_MS;
      const { what, dueAt } = job;
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
