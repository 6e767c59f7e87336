/**
 * Hosts choose names; whoever can start a container chooses a container's. A report shows them as one line of plain
 * characters that turns no text around, hides nothing and is not longer than a line.
 */
const MOST_CHARACTERS = 120;

/** Control and formatting characters: line breaks, escapes, direction overrides, zero-width ones. */
const NOT_PLAIN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** More accents on one letter than any language has: they climb over the neighbouring lines. */
const PILED_ACCENTS = /\p{M}{4,}/gu;
/** A cut before the characters are looked at, so that a text of megabytes costs nothing. */
const LOOKED_AT = 4;

export function plainText(text: string, mostCharacters = MOST_CHARACTERS): string {
  const start = text.slice(0, mostCharacters * LOOKED_AT);
  const characters = Array.from(start.replace(PILED_ACCENTS, "").replace(NOT_PLAIN, "\ufffd"));
  const isCut = start.length < text.length || characters.length > mostCharacters;
  const shown = isCut ? [...characters.slice(0, mostCharacters - 1), "…"] : characters;
  return shown.join("").toWellFormed();
}
