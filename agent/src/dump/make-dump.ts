/** A database dumps itself inside of its container, and what it writes goes on as it comes. */
import type { Engine } from "@shipkeeper/docker";
import type { ContainerId } from "@shipkeeper/model";
import { dumpProgramNamed, type DumpMade, type Guardrails } from "@shipkeeper/policy";
import { tag, tagOf, type Snapshot } from "@shipkeeper/restic";
import { DumpFailed, saidBy } from "./hook-problem.ts";

/** By these tags of a dump's restore point a recovery finds what takes it back, and where. */
const HOOK_TAG = "hook";
const CONTAINER_TAG = "container";

/** Undefined of what is no dump. */
export function dumpMadeOf(snapshot: Pick<Snapshot, "tags">): DumpMade | undefined {
  const [hook, container] = [tagOf(snapshot, HOOK_TAG), tagOf(snapshot, CONTAINER_TAG)];
  return hook === undefined || container === undefined ? undefined : { hook, container };
}

export interface WantedDump {
  /** The volume whose database it is. */
  readonly volume: string;
  readonly hook: string;
  readonly hooks: Guardrails["hooks"];
  /** Where the hook runs; undefined where nothing is left to run it. */
  readonly container: ContainerId | undefined;
}

/** What goes into a repository, and its tags. Throws `DumpFailed` where the hook or its container is gone. */
export async function makeDump(
  { volume, hook, hooks, container: id }: WantedDump,
  engine: Pick<Engine, "container" | "stream" | "environmentValues">,
) {
  const program = dumpProgramNamed(hooks, hook);
  if (program === undefined) throw new DumpFailed(`the host's guardrails know no hook ${hook}`);
  const container = id && (await engine.container(id));
  if (container === undefined) throw new DumpFailed(`hook ${hook}: its container is gone`);
  const home = container.id;
  const { dump: argv, user, timeoutMs, extension } = program;

  async function* content(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const request = { argv, timeoutMs, ...(user !== undefined && { user }) };
    const running = await engine.stream(home, request, { signal });
    if (running === "not-running") throw new DumpFailed(`hook ${hook}: its container does not run`);
    let bytes = 0;
    for await (const piece of running.output) {
      bytes += piece.length;
      yield piece;
    }
    const { exitCode, stderr } = await running.end();
    const said = await saidBy(home, stderr, engine);
    if (exitCode !== 0) throw new DumpFailed(`hook ${hook} failed with exit code ${exitCode}: ${said}`);
    if (bytes === 0) throw new DumpFailed(`hook ${hook} wrote nothing: ${said}`);
  }

  const about = [tag(HOOK_TAG, hook), tag(CONTAINER_TAG, container.name)];
  return { filename: `${volume}.${extension}`, content, about };
}
