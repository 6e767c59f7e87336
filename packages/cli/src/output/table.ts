/** Rows for people as a table, rows for programs as tab-separated lines. Every cell is made printable here. */
import { printable } from "@shipkeeper/kit";
import Table from "cli-table3";
import pc from "picocolors";
import type { Output } from "../surroundings.ts";

export type Tone = "good" | "warning" | "bad" | "quiet";

export interface Column<Row> {
  readonly head: string;
  readonly align?: "right";
  readonly cell: (row: Row) => string;
  /** How the cell stands out on a terminal with colours. */
  readonly tone?: (row: Row) => Tone | undefined;
}

/** cli-table3's names for the pieces of a table's frame. Columns are told apart by two spaces and nothing else. */
const FRAME =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid";
const NO_FRAME = { ...Object.fromEntries(FRAME.split(" ").map((piece) => [piece, ""])), middle: "  " };

export function printTable<Row>(out: Output, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  out.write(out.isTerminal ? tableForPeople(columns, rows) : tableForPrograms(columns, rows));
}

function tableForPrograms<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map((column) => column.head),
    ...rows.map((row) => columns.map((c) => printable(c.cell(row)))),
  ];
  return lines.map((cells) => `${cells.join("\t")}\n`).join("");
}

function tableForPeople<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  if (rows.length === 0) return "nothing matches\n";
  const table = new Table({
    head: columns.map((column) => pc.bold(column.head.toUpperCase())),
    colAligns: columns.map((column) => column.align ?? "left"),
    chars: NO_FRAME,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push(
    ...rows.map((row) =>
      columns.map((column) => coloured(printable(column.cell(row), 60), column.tone?.(row))),
    ),
  );
  return `${table.toString().replaceAll(/ +$/gm, "")}\n`;
}

function coloured(text: string, tone: Tone | undefined): string {
  if (tone === undefined) return text;
  const paint = { good: pc.green, warning: pc.yellow, bad: pc.red, quiet: pc.dim }[tone];
  return paint(text);
}
