/**
 * The host's guardrails as they are right now. Root writes the file, the agent only reads it, again whenever it
 * changed. A file that cannot be used means that a limit was meant and is not known: nothing is enforced then.
 */
import { lstatSync } from "node:fs";
import { NO_GUARDRAILS, formatProblem, parseGuardrails, type Guardrails } from "@shipkeeper/policy";
import { hostFile } from "../host-file.ts";

export type GuardrailsState =
  | { readonly state: "absent"; readonly guardrails: Guardrails }
  | { readonly state: "in-force"; readonly guardrails: Guardrails; readonly sha256: string }
  | {
      readonly state: "broken";
      readonly guardrails: Guardrails;
      readonly problem: string;
      readonly sha256?: string;
    };

/** Reads the guardrails now; the file is opened only where it changed since the last call. */
export function guardrailsFile(file: string): () => GuardrailsState {
  const read = hostFile(file, (text) => {
    const { guardrails, problems } = parseGuardrails(file, text);
    return guardrails === undefined
      ? { problem: problems.map(formatProblem).join("; ") }
      : { value: guardrails };
  });
  return () => {
    const content = read();
    if (content.state !== "read") return { ...content, guardrails: NO_GUARDRAILS };
    return { state: "in-force", guardrails: content.value, sha256: content.sha256 };
  };
}

/** Whether somebody pulled the brake. A path that cannot be looked at counts as pulled. */
export function stopFilePresent(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
