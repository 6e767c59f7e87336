/**
 * Whether a name matches a pattern as people write them in policies and guardrails: `*` stands for any text
 * (also across `/`), `?` for one character, and a pattern that opens with `^` is a regular expression.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  return compile(pattern).test(name);
}

/** The first pattern that matches any of the names, or undefined. No pattern matches nothing. */
export function firstMatch(patterns: readonly string[], names: readonly string[]): string | undefined {
  return patterns.find((pattern) => names.some((name) => matchesPattern(pattern, name)));
}

const MOST_KEPT = 1_000;
const compiled = new Map<string, RegExp>();

function compile(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (compiled.size >= MOST_KEPT) compiled.clear();
  const made = pattern.startsWith("^") ? new RegExp(pattern) : new RegExp(`^${globSource(pattern)}$`, "s");
  compiled.set(pattern, made);
  return made;
}

function globSource(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
}

/** Why a text is no usable pattern, or undefined where it is one. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern === "") return "an empty pattern matches nothing";
  try {
    compile(pattern);
    return undefined;
  } catch (error) {
    return `not a regular expression (${error instanceof Error ? error.message : "unknown"})`;
  }
}
