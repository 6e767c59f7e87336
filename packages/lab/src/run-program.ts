import { spawn } from "node:child_process";

export interface RunOptions {
  /** Written to the program's standard input. */
  input?: string | Uint8Array;
  /** Exit codes that are no error, besides 0. */
  accept?: readonly number[];
}

/**
 * Runs a program of the system to its end and returns what it printed.
 *
 * @throws Error with the command line, the exit code and what it said on standard error.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  { input, accept = [] }: RunOptions = {},
): Promise<string> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const said: Buffer[] = [];
  const complained: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => said.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => complained.push(chunk));
  child.stdin.on("error", () => undefined); // it may end without reading; the exit code tells
  child.stdin.end(input);

  const code = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });

  if (code !== 0 && !accept.includes(Number(code))) {
    const complaint = Buffer.concat(complained).toString().trim();
    throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${complaint}`);
  }
  return Buffer.concat(said).toString();
}
