/** One run of the restic program: its own process group, gently, within a deadline, output line by line. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { DeadlinePassed } from "@shipkeeper/kit";
import { cellCommand } from "./cell.ts";
import { explainExit } from "./restic-errors.ts";
import { isLocal, type Repository } from "./repository.ts";

export interface ResticCall {
  readonly binary: string;
  /** What is tried, after "cannot": `back up volume shop-data`. */
  readonly attempt: string;
  readonly repository: Repository;
  readonly args: readonly string[];
  readonly cacheDir?: string | undefined;
  /** restic goes on trying to reach a repository for 15 minutes; nobody waits longer than this. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Where it takes hostile content apart: nothing but these folders, the repository and the cache can be written. */
  readonly cell?: { readonly root: string; readonly writable: readonly string[] } | undefined;
  /** Every line of standard output. */
  readonly onLine?: (line: string) => void;
}

const MOST_STDERR = 16_384;
const MOST_STDOUT_LINES = 100_000;
const KILL_AFTER_MS = 5_000;
/** What restic and its helpers need, and the credentials of its back ends under the names that they have there. */
const INHERITED =
  /^(?:PATH|HOME|TMPDIR|HTTPS?_PROXY|NO_PROXY|SSH_AUTH_SOCK|(?:AWS|AZURE|B2|GOOGLE|OS|RCLONE|RESTIC_REST|ST)_\w+)$/;

/** The lines of standard output. Throws `ResticProblem`, `DeadlinePassed`, or the signal's reason. */
export async function runRestic(call: ResticCall): Promise<string[]> {
  call.signal?.throwIfAborted();
  const cache =
    isLocal(call.repository) || call.cacheDir === undefined ? ["--no-cache"] : ["--cache-dir", call.cacheDir];
  // A group of its own: helpers such as ssh and rclone end with it. Nice, because the host's work comes first.
  const cell = call.cell === undefined ? [] : await cellFor(call, call.cell);
  const child = spawn("nice", ["-n", "10", ...cell, call.binary, ...cache, ...call.args], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: environmentOf(call.repository),
  });

  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    call.onLine?.(line);
    if (lines.length < MOST_STDOUT_LINES) lines.push(line);
  });
  let stderr = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (stderr = (stderr + text).slice(-MOST_STDERR)));

  const deadline = AbortSignal.timeout(call.deadlineMs);
  const ending = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
  const end = () => endGroup(child);
  ending.addEventListener("abort", end, { once: true });
  const code = await exitOf(child).finally(() => ending.removeEventListener("abort", end));

  if (code === 0) return lines;
  call.signal?.throwIfAborted();
  if (deadline.aborted) throw new DeadlinePassed(`restic, asked to ${call.attempt},`, call.deadlineMs);
  const said = stderr.replaceAll(call.repository.url, call.repository.name);
  throw explainExit({ attempt: call.attempt, repository: call.repository.name, code, stderr: said });
}

function cellFor(
  { repository, cacheDir, binary }: ResticCall,
  { root, writable }: NonNullable<ResticCall["cell"]>,
): Promise<string[]> {
  const own = isLocal(repository) ? [repository.url] : cacheDir === undefined ? [] : [cacheDir];
  const { SSH_AUTH_SOCK: agentSocket } = process.env;
  return cellCommand({
    root,
    writable: [...writable, ...own],
    readable: [
      repository.passwordFile,
      ...(binary.startsWith("/") ? [binary] : []),
      // Where services keep what they are handed, and resolvers and ssh's agent what they are asked by.
      ...(isLocal(repository) ? [] : ["/run/credentials", "/etc/resolv.conf"]),
      ...(isLocal(repository) || agentSocket === undefined ? [] : [agentSocket]),
    ],
    network: !isLocal(repository),
  });
}

function environmentOf({ url, passwordFile }: Repository): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && INHERITED.test(name) ? [[name, value] as const] : [],
  );
  return {
    ...Object.fromEntries(inherited),
    LC_ALL: "C",
    RESTIC_REPOSITORY: url,
    RESTIC_PASSWORD_FILE: passwordFile,
    RESTIC_PROGRESS_FPS: "0.2",
  };
}

/** SIGTERM lets restic take its lock with it; what does not end is killed. */
function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  signalGroup(pid, "SIGTERM");
  const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), KILL_AFTER_MS);
  child.once("close", () => {
    clearTimeout(timer);
    signalGroup(pid, "SIGKILL"); // helpers that outlived it
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

/** The exit code once all output was read; null where a signal ended it. */
function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
}
