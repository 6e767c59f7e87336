/**
 * Whoever can start a container chooses its name. Names come to a terminal, a log or a report only through here: they
 * move no cursor, turn no text around, hide nothing, and end somewhere.
 */

/** Longer texts are cut: the engine allows labels of megabytes. */
const MOST_CHARACTERS = 200;
const MOST_LINE_CHARACTERS = 4_096;

/** Control and formatting characters: line breaks, escapes, direction overrides, zero-width ones; and halves of pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** More accents on one letter than any language has: they climb over the neighbouring lines. */
const PILED_ACCENTS = /\p{M}{4,}/gu;
/** A cut before the characters are looked at, so that a text of megabytes costs nothing. */
const LOOKED_AT = 4;

/** One line, as it may stand anywhere. */
export function printable(text: string, mostCharacters = MOST_CHARACTERS): string {
  return oneLine(text, mostCharacters, () => "\ufffd");
}

/** The same with unprintable characters by their number: what a record says must tell names apart. */
export function printableByNumber(text: string, mostCharacters = MOST_CHARACTERS): string {
  return oneLine(text, mostCharacters, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Several lines, each printable. Tabs become spaces. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll("\t", "    "), MOST_LINE_CHARACTERS))
    .join("\n");
}

function oneLine(text: string, mostCharacters: number, replaced: (character: string) => string): string {
  const start = text.slice(0, mostCharacters * LOOKED_AT);
  const characters = Array.from(start.replace(PILED_ACCENTS, "").replace(UNPRINTABLE, replaced));
  const isCut = start.length < text.length || characters.length > mostCharacters;
  return isCut ? `${characters.slice(0, mostCharacters - 1).join("")}…` : characters.join("");
}
