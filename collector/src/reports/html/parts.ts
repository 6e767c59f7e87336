/** The few shapes that all sections are made of. */
import { printable } from "@shipkeeper/kit";
import { markup, type Insertable, type Markup } from "./template.ts";

export type Tone = "good" | "warn" | "bad" | "soft" | "";

export function section(title: string, ...content: readonly Insertable[]): Markup {
  return markup`<section><h2>${title}</h2>${content}</section>\n`;
}

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Insertable;
  readonly isNumber?: boolean;
  readonly isName?: boolean;
  /** A reason may be as long as it is; everything else is cut. */
  readonly isSentence?: boolean;
}

/** A table on a wide screen; on a narrow one each row becomes a small list, by `data-label`. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Markup {
  const classOf = ({ isNumber, isName }: Column<Row>) => (isNumber ? "number" : isName ? "name" : "");
  const head = columns.map((column) => markup`<th class="${classOf(column)}">${column.head}</th>`);
  const body = rows.map((row) => {
    const cells = columns.map(
      (column) =>
        markup`<td class="${classOf(column)}" data-label="${column.head}"><span>${column.isSentence ? column.cell(row) : cut(column.cell(row))}</span></td>`,
    );
    return markup`<tr>${cells}</tr>\n`;
  });
  return markup`<table><thead><tr>${head}</tr></thead><tbody>\n${body}</tbody></table>`;
}

/** Three lines of a column are enough to know a thing by. */
const MOST_CELL_CHARACTERS = 96;

const cut = (content: Insertable): Insertable =>
  typeof content === "string" ? printable(content, MOST_CELL_CHARACTERS) : content;

export interface Piece {
  readonly percent: number;
  readonly tone: Tone;
}

/** A bar of pieces, left to right; `says` is the same in words for who cannot see it. */
export function bar(says: string, pieces: readonly Piece[]): Markup {
  const parts = pieces.map(
    ({ percent, tone }) => markup`<i class="${tone}" style="--share:${percent}%"></i>`,
  );
  return markup`<span class="bar" role="img" aria-label="${says}">${parts}</span>`;
}

export interface BarLine {
  readonly label: string;
  readonly number: Insertable;
  readonly says: string;
  readonly pieces: readonly Piece[];
}

export function bars(lines: readonly BarLine[]): Markup {
  const rows = lines.map(
    ({ label, number, says, pieces }) =>
      markup`<span>${label}</span>${bar(says, pieces)}<span class="number">${number}</span>\n`,
  );
  return markup`<div class="bars">${rows}</div>`;
}

/** Where there is nothing to show, say so: an empty section looks like a mistake. */
export const nothing = (words: string): Markup => markup`<p class="quiet">${words}</p>`;
