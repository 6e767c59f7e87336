/** Columns and lines of plain text. */
import { printable } from "@shipkeeper/kit";

export const TEXT_COLUMNS = 100;

/** Cells under each other, each column as wide as it must be and no wider than `most`; longer cells are cut. */
export function alignColumns(rows: readonly (readonly string[])[], most: readonly number[]): string[] {
  const cells = rows.map((row) => row.map((cell, column) => printable(cell, most[column])));
  const widths = most.map((_, column) => Math.max(0, ...cells.map((row) => lengthOf(row[column] ?? ""))));
  return cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Each line with a sentence about it below, indented: reasons are too long for a column and too good to be cut. */
export function withBelow(
  lines: readonly string[],
  sentenceOf: (place: number) => string | undefined,
  indent: number,
): string[] {
  return lines.flatMap((line, place) => {
    const sentence = sentenceOf(place) ?? "";
    const below = sentence === "" ? [] : wrap(sentence, TEXT_COLUMNS - indent - 2);
    return [line, ...below.map((part) => " ".repeat(indent) + part)];
  });
}

/** Lines of at most so many columns, broken between words. */
export function wrap(text: string, columns = TEXT_COLUMNS): string[] {
  const lines = [""];
  for (const word of printable(text, columns * 4).split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && lengthOf(line) + 1 + lengthOf(word) > columns) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - lengthOf(text)));

const lengthOf = (text: string): number => Array.from(text).length;
