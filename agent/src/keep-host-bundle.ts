/** How a backup gets what the host is made of. */
import type { Guardrails } from "@shipkeeper/policy";

/** The folder that holds it now, and more tags of its restore point: by these a host is found without its agent. */
export type KeepHostBundle = (given: {
  readonly hooks: Guardrails["hooks"];
  readonly signal: AbortSignal;
}) => Promise<{ readonly folder: string; readonly about: readonly string[] }>;

/** The tag that carries a host's name: restic's own field for it holds the id. */
export const HOST_NAME_TAG = "host-name";
