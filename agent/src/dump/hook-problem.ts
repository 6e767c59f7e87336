/** What goes wrong in the programs of hooks, told without what only their containers may know. */
import { OperationalError, maskSecrets } from "@shipkeeper/kit";
import type { EngineReader } from "@shipkeeper/docker";
import type { ContainerId } from "@shipkeeper/model";

/** A dump that is not whole, or was not taken back as a whole, is none. */
export class DumpFailed extends OperationalError {
  override readonly name = "DumpFailed";
  readonly code = "dump_failed";
  readonly retryable = true;
}

const MOST_SAID = 600;

/** The end of what a program said, without the values of its container's environment. */
export async function saidBy(
  container: ContainerId,
  stderr: string,
  engine: Pick<EngineReader, "environmentValues">,
): Promise<string> {
  const secrets = await engine.environmentValues(container).catch(() => undefined);
  if (secrets === undefined) return "what it said is not told, because it may hold secrets";
  return maskSecrets(stderr, secrets).trim().slice(-MOST_SAID) || "it said nothing";
}
