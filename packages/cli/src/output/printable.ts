/** Text from hosts goes to a terminal only through here: names are chosen by whoever can start a container. */

/** Longer texts are cut: the engine allows labels of megabytes. */
const MOST_CHARACTERS = 200;

/** Control characters, and formatting ones: they turn the direction of text, or have no width and make names alike. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One line that moves no cursor, sets no colour and hides nothing. */
export function printable(text: string, mostCharacters = MOST_CHARACTERS): string {
  const cut = text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
  return cut.replace(UNPRINTABLE, "\ufffd").toWellFormed();
}

/** Several lines, each printable. Tabs become spaces. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll("\t", "    "), 4_096))
    .join("\n");
}
