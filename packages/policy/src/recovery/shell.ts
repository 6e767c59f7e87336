/** A text as one word of a shell command. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The name of a shell variable for a container's variable: `SHOP_DB__POSTGRES_PASSWORD`. */
export function shellVariable(container: string, variable: string): string {
  const safe = (text: string) => text.replaceAll(/[^A-Za-z0-9]/g, "_").toUpperCase();
  return `${safe(container).replace(/^(?=\d)/, "_")}__${safe(variable)}`;
}
