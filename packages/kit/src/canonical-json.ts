/**
 * JSON of a value that two programs write the same, byte for byte: keys in one order, no spaces,
 * keys without a value left out. Of JSON's own types only.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
