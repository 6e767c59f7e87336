import { guardrailsSchema, type Guardrails } from "../guardrails.ts";
import { check } from "./describe-issue.ts";
import { byPlace, MOST_PROBLEMS, type Problem } from "./problem.ts";
import { readYaml } from "./yaml-document.ts";

/** The guardrails, or every mistake in their file. With a mistake there are none: a limit was meant and is not known. */
export function parseGuardrails(
  file: string,
  text: string,
): { guardrails?: Guardrails; problems: Problem[] } {
  const { document, problems } = readYaml(file, text);
  if (document === undefined) return { problems };
  if (document.data === null) {
    // A file that a full disk cut to nothing looks the same as one that means no limits.
    return { problems: [document.problemAt([], "is empty; write {} where no limits are meant")] };
  }
  const { value: guardrails, problems: found } = check(guardrailsSchema, document, {
    path: [],
    value: document.data,
  });
  problems.push(...found.sort(byPlace).slice(0, MOST_PROBLEMS));
  return guardrails === undefined || problems.length > 0 ? { problems } : { guardrails, problems };
}
