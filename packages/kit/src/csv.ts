/** Rows as RFC 4180 text that a spreadsheet shows and never runs. */
export function toCsv(head: readonly string[], rows: Iterable<readonly unknown[]>): string {
  return [head, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function csvCell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return quoted(disarmed(typeof value === "string" ? value : JSON.stringify(value)));
}

/**
 * A text that opens like a formula would be one to a spreadsheet, also after the white space that it skips; the
 * apostrophe in front makes it text again.
 */
function disarmed(text: string): string {
  return /^(?:[\t\r\n]|\s*[=+\-@|%])/.test(text) ? `'${text}` : text;
}

/** White space is quoted as well: some readers trim what is not. */
function quoted(text: string): string {
  return /[",\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
