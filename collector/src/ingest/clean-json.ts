/** JSON from outside, made harmless before anything reads it. Everything that an agent sends passes here once. */
import { InvalidInput } from "@shipkeeper/kit";

/** No entry that any agent sends is nested half as deep; recursion further in may rely on it. */
const MOST_DEPTH = 32;

/**
 * The same value with every text well formed and free of NUL, which some databases and most terminals refuse, and
 * without keys named `__proto__`, which mean something else to JavaScript. Throws `InvalidInput` where it is too deep.
 */
export function cleanJson(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return cleanText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MOST_DEPTH)
    throw new InvalidInput(`the value is nested more than ${MOST_DEPTH} levels deep`, []);
  if (Array.isArray(value)) return value.map((item) => cleanJson(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "__proto__")
      .map(([key, item]) => [cleanText(key), cleanJson(item, depth + 1)]),
  );
}

function cleanText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
