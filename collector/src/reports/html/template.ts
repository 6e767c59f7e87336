/** HTML that escapes by default: everything put into the template is text, unless this module made it. */
import { printable, printableLines } from "@shipkeeper/kit";

/** Made by `markup` alone, so that no text can pass for markup. */
export class Markup {
  readonly #markup: string;

  private constructor(markup: string) {
    this.#markup = markup;
  }

  static join(strings: readonly string[], values: readonly Insertable[]): Markup {
    return new Markup(
      strings.map((part, place) => part + (place < values.length ? insert(values[place]) : "")).join(""),
    );
  }

  toString(): string {
    return this.#markup;
  }
}

export type Insertable = string | number | Markup | undefined | false | readonly Insertable[];

/** Text becomes plain and escaped, also inside a quoted attribute; undefined and false become nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return Markup.join(strings, values);
}

function insert(value: Insertable): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Markup) return value.toString();
  if (typeof value === "object") return value.map(insert).join("");
  return escape(printable(String(value), MOST_CHARACTERS));
}

/** What a program wrote, line by line as it was; for a place that keeps line breaks. */
export function written(text: string): Markup {
  return Markup.join([escape(printableLines(text))], []);
}

/** Sentences of ours are longer than names; both end somewhere. */
const MOST_CHARACTERS = 240;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
