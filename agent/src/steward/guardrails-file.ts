/**
 * The host's guardrails as they are right now. Root writes the file, the agent only reads it, again whenever it
 * changed. A file that cannot be used means that a limit was meant and is not known: nothing is enforced then.
 */
import { lstatSync, readFileSync, statSync } from "node:fs";
import { errorChain } from "@shipkeeper/kit";
import { NO_GUARDRAILS, formatProblem, parseGuardrails, type Guardrails } from "@shipkeeper/policy";
import { sha256Hex } from "@shipkeeper/runtime";

export type GuardrailsState =
  | { readonly state: "absent"; readonly guardrails: Guardrails }
  | { readonly state: "in-force"; readonly guardrails: Guardrails; readonly sha256: string }
  | {
      readonly state: "broken";
      readonly guardrails: Guardrails;
      readonly problem: string;
      readonly sha256?: string;
    };

const MOST_BYTES = 2 ** 20;
const WORLD_WRITABLE = 0o002;

/** Reads the guardrails now; the file is opened only where it changed since the last call. */
export function guardrailsFile(file: string): () => GuardrailsState {
  let known: { mark: string; state: GuardrailsState } | undefined;
  return () => {
    const look = lookAt(file);
    if (known?.mark !== look.mark) known = { mark: look.mark, state: look.read() };
    return known.state;
  };
}

interface Look {
  /** The same while the file is the same. */
  readonly mark: string;
  read(): GuardrailsState;
}

function lookAt(file: string): Look {
  try {
    const stats = statSync(file, { bigint: true });
    const { ino, size, mtimeNs, ctimeNs, mode, uid } = stats;
    return {
      mark: [ino, size, mtimeNs, ctimeNs, mode, uid].join(" "),
      read() {
        if (!stats.isFile()) return broken(`${file} is no file`);
        if (size > MOST_BYTES) return broken(`${file} is larger than ${MOST_BYTES} bytes`);
        if ((Number(mode) & WORLD_WRITABLE) !== 0) return broken(`everybody may write ${file}`);
        // Who may become root anyway may write it; anybody else could relax what root meant.
        if (uid !== 0n && Number(uid) !== process.getuid?.()) return broken(`${file} is not root's`);
        return readGuardrails(file);
      },
    };
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    const problem = `cannot read ${file}: ${errorChain(error)}`;
    return {
      mark: absent ? "absent" : problem,
      read: () => (absent ? { state: "absent", guardrails: NO_GUARDRAILS } : broken(problem)),
    };
  }
}

function readGuardrails(file: string): GuardrailsState {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return broken(`cannot read ${file}: ${errorChain(error)}`);
  }
  const sha256 = sha256Hex(text);
  const { guardrails, problems } = parseGuardrails(file, text);
  if (guardrails !== undefined) return { state: "in-force", guardrails, sha256 };
  return { ...broken(problems.map(formatProblem).join("; ")), sha256 };
}

function broken(problem: string): Extract<GuardrailsState, { state: "broken" }> {
  return { state: "broken", guardrails: NO_GUARDRAILS, problem };
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
