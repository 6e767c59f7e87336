/** A database dumps itself inside of its container, and what it writes goes on as it comes. */
import { maskSecrets, OperationalError } from "@shipkeeper/kit";
import type { ContainerId } from "@shipkeeper/model";
import { dumpProgramOf } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import type { BackupStep } from "./backup-step.ts";

/** A dump that is not whole is none. */
export class DumpFailed extends OperationalError {
  override readonly name = "DumpFailed";
  readonly code = "dump_failed";
  readonly retryable = true;
}

const MOST_SAID = 600;

export function dumpOf({ dataset, hook: name, containers }: BackupStep, context: ActContext) {
  const { engine, guardrails } = context;
  const { hooks } = guardrails();
  const hook = name !== undefined && Object.hasOwn(hooks, name) ? hooks[name] : undefined;
  const [container] = containers;
  if (name === undefined || hook === undefined || container === undefined) {
    throw new DumpFailed(`the host's guardrails know no hook ${name}`);
  }
  const { dump: argv, user, timeoutMs, extension } = dumpProgramOf(hook);

  async function* content(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const request = { argv, timeoutMs, ...(user !== undefined && { user }) };
    const program = await engine.stream(container as ContainerId, request, { signal });
    if (program === "not-running") throw new DumpFailed(`hook ${name}: its container does not run`);
    let bytes = 0;
    for await (const piece of program.output) {
      bytes += piece.length;
      yield piece;
    }
    const { exitCode, stderr } = await program.end();
    const said = await masked(stderr);
    if (exitCode !== 0) throw new DumpFailed(`hook ${name} failed with exit code ${exitCode}: ${said}`);
    if (bytes === 0) throw new DumpFailed(`hook ${name} wrote nothing: ${said}`);
  }

  /** The end of what it said, without what only the container may know. */
  async function masked(stderr: string): Promise<string> {
    const secrets = await engine.environmentValues(container as ContainerId).catch(() => undefined);
    if (secrets === undefined) return "what it said is not told, because it may hold secrets";
    return maskSecrets(stderr, secrets).trim().slice(-MOST_SAID) || "it said nothing";
  }

  return { filename: `${dataset.name}.${extension}`, content };
}
