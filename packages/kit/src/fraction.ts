/**
 * FNV-1a with a final mix, as a number from 0 to below 1: the same for the same text on every machine, and spread evenly
 * over texts. For fixed shares and delays; nothing that anybody must not guess.
 */
export function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
