/** One run of the restic program: its own process group, gently, within a deadline, output line by line. */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { DeadlinePassed } from "@shipkeeper/kit";
import { environmentOf, passwordFileOf } from "./back-end-environment.ts";
import { cellCommand } from "./cell.ts";
import { explainExit, isHopeless } from "./restic-errors.ts";
import { isLocal, type Repository } from "./repository.ts";

export interface ResticCall {
  readonly binary: string;
  /** What is tried, after "cannot": `back up volume:shop-data`. */
  readonly attempt: string;
  readonly repository: Repository;
  /** The repository that is copied from. */
  readonly from?: Repository | undefined;
  readonly args: readonly string[];
  readonly cacheDir?: string | undefined;
  /** restic goes on trying to reach a repository for 15 minutes; nobody waits longer than this. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Where it takes hostile content apart: nothing but these folders, the repository and the cache can be written. */
  readonly cell?: { readonly root: string; readonly writable: readonly string[] } | undefined;
  /** Called with the id of restic's process. */
  readonly onStart?: ((pid: number) => void) | undefined;
  /** What it reads on its standard input, begun anew with every call. Where it throws restic is ended before it sees an end. */
  readonly input?: ((signal: AbortSignal) => AsyncIterable<Uint8Array>) | undefined;
  /** Gets every line of standard output; then none is kept. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Gets every line of standard error. */
  readonly onErrorLine?: ((line: string) => void) | undefined;
}

const MOST_STDERR = 16_384;
const MOST_STDOUT_LINES = 100_000;
const KILL_AFTER_MS = 5_000;

/**
 * Gently, because the host's work comes first. And never longer than the agent lives: a backup that goes on after its
 * agent was killed would read what the agent, back again, has started to change.
 */
const WRAPPED = [
  ...(existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : []),
  "nice",
  "-n",
  "10",
];

/** The lines of standard output. Throws `ResticProblem`, `DeadlinePassed`, or the signal's reason. */
export async function runRestic(call: ResticCall): Promise<string[]> {
  call.signal?.throwIfAborted();
  const [program = "nice", ...wrapped] = WRAPPED;
  const cell = call.cell === undefined ? [] : await cellFor(call, call.cell);
  // A group of its own: helpers such as ssh and rclone end with it.
  const child = spawn(program, [...wrapped, ...cell, call.binary, ...optionsOf(call), ...call.args], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: environmentOf(call),
  });
  const feeding = feed(child, call.input ?? nothing);

  if (child.pid !== undefined) call.onStart?.(child.pid);

  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (call.onLine !== undefined) call.onLine(line);
    else if (lines.length < MOST_STDOUT_LINES) lines.push(line);
  });
  let stderr = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    stderr = `${stderr}${line}\n`.slice(-MOST_STDERR);
    call.onErrorLine?.(line);
    if (isHopeless(line)) endGroup(child);
  });

  const deadline = AbortSignal.timeout(call.deadlineMs);
  const ending = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
  const end = () => endGroup(child);
  ending.addEventListener("abort", end, { once: true });
  const code = await exitOf(child).finally(() => ending.removeEventListener("abort", end));
  const fed = await feeding;

  if (fed.problem !== undefined && !ending.aborted) throw fed.problem;
  if (code === 0) return lines;
  call.signal?.throwIfAborted();
  if (deadline.aborted) throw new DeadlinePassed(`restic, asked to ${call.attempt},`, call.deadlineMs);
  const { attempt, repository, from } = call;
  const said = [repository, ...(from === undefined ? [] : [from])].reduce(
    (text, { url, name }) => text.replaceAll(url, name),
    stderr,
  );
  throw explainExit({ attempt, repository: repository.name, from: from?.name, code, stderr: said });
}

/**
 * Hands on what restic reads, as fast as it takes it. It knows no other end of its input than a closed pipe, and makes a
 * restore point of whatever came before: only what came to a good end is closed, and where it broke restic goes first.
 */
async function feed(
  child: ChildProcessWithoutNullStreams,
  input: NonNullable<ResticCall["input"]>,
): Promise<{ readonly problem?: unknown }> {
  const { stdin } = child;
  const gone = new AbortController();
  child.once("exit", () => gone.abort());
  child.once("error", () => gone.abort());
  stdin.on("error", () => undefined); // restic went before it had read everything: its exit code tells why
  try {
    for await (const piece of input(gone.signal)) {
      if (gone.signal.aborted) return {};
      if (!stdin.write(piece)) await once(stdin, "drain", { signal: gone.signal });
    }
    stdin.end();
    return {};
  } catch (problem) {
    if (gone.signal.aborted) return {};
    endGroup(child);
    return { problem };
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

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
      passwordFileOf(repository),
      ...(repository.caFile === undefined ? [] : [repository.caFile]),
      ...(binary.startsWith("/") ? [binary] : []),
      // Where services keep what they are handed, and resolvers and ssh's agent what they are asked by.
      ...(isLocal(repository) ? [] : ["/run/credentials", "/etc/resolv.conf"]),
      ...(isLocal(repository) || agentSocket === undefined ? [] : [agentSocket]),
    ],
    network: !isLocal(repository),
  });
}

/** What holds for every command in the repository. */
function optionsOf({ repository, cacheDir }: ResticCall): string[] {
  const { sftpCommand, caFile, limitUploadBytesPerS } = repository;
  const limitKib = Math.floor((limitUploadBytesPerS ?? 0) / 1_024);
  return [
    ...(isLocal(repository) || cacheDir === undefined ? ["--no-cache"] : ["--cache-dir", cacheDir]),
    ...(sftpCommand === undefined ? [] : ["-o", `sftp.command=${sftpCommand}`]),
    ...(caFile === undefined ? [] : ["--cacert", caFile]),
    ...(limitKib === 0 ? [] : ["--limit-upload", String(limitKib)]),
  ];
}

/** SIGINT, and up to 0.16 nothing else, lets restic take its lock with it; what does not end is killed. */
function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  signalGroup(pid, "SIGINT");
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
