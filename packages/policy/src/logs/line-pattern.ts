/**
 * The patterns that lines of logs are searched for: texts with `|` between them. A part of the regular expressions that
 * takes time in proportion to the line, whatever a container writes and whoever wrote the pattern.
 */
import * as z from "zod";

/** For all of a pattern; nobody reads a longer one. */
const MOST_LENGTH = 500;
const ANY_CASE = "(?i)";

/** What regular expressions give a meaning that is not had here: in a text it has `\` in front. */
const SPECIAL = /[*+?^$()[\]{}]/;

/** Why a text is no pattern for lines, or undefined where it is one. */
export function linePatternProblem(pattern: string): string | undefined {
  const body = bodyOf(pattern);
  if (pattern.length > MOST_LENGTH) return `expected ${MOST_LENGTH} characters or fewer`;
  if (/(^|[^\\])(\\\\)*\\([a-z0-9]|$)/i.test(body))
    return "expected \\ before a sign that is meant literally, not before a letter";
  const bare = body.replace(/\\./g, "x");
  const special = SPECIAL.exec(bare)?.[0];
  if (special !== undefined) {
    return `expected texts with | between them, such as "ERROR|FATAL"; a literal ${special} is written \\${special}`;
  }
  if (bare.split("|").some((text) => text.trim() === "")) return "an empty text would match every line";
  return undefined;
}

export const linePatternSchema = z
  .string({ error: 'expected texts with | between them, such as "ERROR|FATAL"' })
  .check((context) => {
    const problem = linePatternProblem(context.value);
    if (problem !== undefined)
      context.issues.push({ code: "custom", message: problem, input: context.value });
  });

/** Whether a line has one of the pattern's texts in it. Throws for what is no pattern. */
export function lineMatcher(pattern: string): (line: string) => boolean {
  const compiled = new RegExp(bodyOf(pattern), pattern.startsWith(ANY_CASE) ? "is" : "s");
  return (line) => compiled.test(line);
}

function bodyOf(pattern: string): string {
  return pattern.startsWith(ANY_CASE) ? pattern.slice(ANY_CASE.length) : pattern;
}
