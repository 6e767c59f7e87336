/** Starts the product's own programs, the same files that `install.sh run` starts, and ends them again. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../../..");

export const PROGRAMS = {
  collector: join(ROOT, "collector/src/main.ts"),
  agent: join(ROOT, "agent/src/main.ts"),
  shipkeeper: join(ROOT, "packages/cli/src/main.ts"),
} as const;

export interface RunningProgram {
  readonly name: string;
  readonly pid: number;
  /** Throws, with the end of its log, where the program has ended by itself. */
  assertRunning(): void;
  /** SIGTERM, and SIGKILL after a deadline. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

/** How a program is started: in this network, or inside a host's. */
export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

export interface ProgramOptions {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Takes both outputs; appended to. */
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly spawnWith?: Spawn;
}

const STOP_DEADLINE_MS = 25_000;
const LOG_TAIL_LINES = 15;

export function startProgram(options: ProgramOptions): RunningProgram {
  const { name, script, args, logFile, environment = {}, spawnWith = spawn } = options;
  const log = openSync(logFile, "a");
  const child = spawnWith(process.execPath, [script, ...args], {
    stdio: ["ignore", log, log],
    env: bareEnvironment(environment),
  });
  closeSync(log);
  const ended = once(child, "exit");
  ended.catch(() => undefined); // a failure to spawn is told by assertRunning
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

  return {
    name,
    pid: child.pid ?? 0,
    assertRunning() {
      if (!hasEnded()) return;
      const tail = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
      throw new Error(
        `${name} ended with ${child.exitCode ?? child.signalCode}; its log ends with:\n${tail}`,
      );
    },
    async stop() {
      if (hasEnded()) return;
      child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
      await ended;
      clearTimeout(kill);
    },
    async kill9() {
      if (hasEnded()) return;
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export interface CommandResult {
  readonly exitCode: number | null;
  readonly out: string;
  readonly error: string;
}

const COMMAND_DEADLINE_MS = 120_000;

/** Runs a program to its end. */
export async function runToEnd(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: bareEnvironment(environment),
    timeout: COMMAND_DEADLINE_MS,
  });
  const printed = { out: "", error: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.error += text));
  await once(child, "close");
  return { exitCode: child.exitCode, ...printed };
}

/** What a program on a fresh machine would find, so that nothing of the starter's own settings leaks in. */
function bareEnvironment(extra: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", ...extra };
}
