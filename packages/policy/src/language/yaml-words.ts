/** What is wrong with a text that is no YAML, in words that say what to look for; the parser's own are for its authors. */
import { isAlias, isNode, isScalar, visit, type Document, type YAMLError } from "yaml";

/** A mistake, by the place of its first character. */
export interface Slip {
  readonly offset: number;
  readonly message: string;
}

/** The mistakes in their order; of the parser's own each line's first, as the others follow from it. */
export function slipsOf(parsed: Document, text: string): Slip[] {
  const lineOf = ({ offset }: Slip) => text.lastIndexOf("\n", offset - 1);
  const aliases = unknownAliases(parsed, text);
  const lines = new Set(aliases.map(lineOf));
  const others = [...parsed.errors, ...parsed.warnings]
    .map((error) => slip(error, parsed, text))
    .sort(inOrder)
    .filter((one) => !lines.has(lineOf(one)) && lines.add(lineOf(one)));
  return [...aliases, ...others].sort(inOrder);
}

function inOrder(a: Slip, b: Slip): number {
  return a.offset - b.offset;
}

/** `*-pgdata`: a pattern to its author, and to YAML a name for something that was written before. */
function unknownAliases(parsed: Document, text: string): Slip[] {
  const anchors = new Set<string>();
  const slips: Slip[] = [];
  visit(parsed, (_, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      const offset = node.range?.[0] ?? 0;
      slips.push({ offset, message: unquoted(text, offset) });
    } else if (isNode(node) && "anchor" in node && typeof node.anchor === "string") {
      anchors.add(node.anchor);
    }
  });
  return slips;
}

function slip({ code, pos: [offset, end], message }: YAMLError, parsed: Document, text: string): Slip {
  switch (code) {
    case "MULTIPLE_DOCS":
      return { offset, message: "a second document; a file holds one" };
    case "BAD_SCALAR_START":
    case "TAG_RESOLVE_FAILED":
      return { offset, message: unquoted(text, offset) };
    case "BAD_DQ_ESCAPE":
      return { offset, message: "a backslash means something else in double quotes: use single quotes" };
    case "BLOCK_AS_IMPLICIT_KEY":
      return { offset, message: isLineEnded(text, offset) ? SECOND_COLON : DEEPER };
    case "MULTILINE_IMPLICIT_KEY":
      return {
        offset,
        message: text.slice(offset, end).split("\n", 1)[0]?.includes(": ") ? DEEPER : NO_COLON,
      };
    case "BLOCK_IN_FLOW":
      return { offset, message: "inside [ ] or { } entries have commas between them, and no dashes" };
    default:
  }
  const known = WORDS.find(([start]) => message.startsWith(start));
  const closing = /^Flow .* end with a (.)$/.exec(message)?.[1];
  if (closing !== undefined)
    return { offset, message: `a ${closing} is missing before this, or stands too far left` };
  if (message.startsWith("Missing closing")) return { offset: openingQuote(parsed, offset), message: QUOTE };
  return { offset, message: known?.[1] ?? `is no YAML (${message})` };
}

const SECOND_COLON = "a second colon stands in this line: put the value in quotes";
const DEEPER =
  "the next line is indented as if it belonged to this value: let its key start where this one does";
const NO_COLON = "expected a key, a colon and a space, such as `every: 6h`";
const QUOTE = "this quotation mark is never closed";

/** The parser's words → what its reader has to look for. */
const WORDS: readonly (readonly [start: string, words: string])[] = [
  [
    "All mapping items must start",
    "this line is indented unlike the keys above: let all of them start in one column",
  ],
  [
    "Sequence item without -",
    "this line is indented unlike the keys above: let all of them start in one column",
  ],
  ["Implicit map keys need", NO_COLON],
  ["Missing , or :", "a comma is missing before this"],
  [
    "Unexpected scalar at node end",
    "nothing may follow a closing quotation mark: put the whole text in quotes",
  ],
  ["Unexpected flow-map-end", "this } closes nothing: take it away, or open it with {"],
  ["Unexpected flow-seq-end", "this ] closes nothing: take it away, or open it with ["],
  ["Unexpected block-seq-ind", "a list begins in the line below its key, or stands in brackets: [a, b]"],
];

/** Whether the value at an offset is a key's again in the very same line: `a: b: c`. */
function isLineEnded(text: string, offset: number): boolean {
  return /:(\s|$)/.test(text.slice(offset).split("\n", 1)[0] ?? "");
}

/** `a text cannot begin with *, put it in quotes: "*-pgdata"` */
function unquoted(text: string, offset: number): string {
  const [word = ""] = /^[^\s,\]}]*/.exec(text.slice(offset, offset + MOST_SHOWN)) ?? [];
  return `a text cannot begin with ${word.charAt(0)}, put it in quotes: "${word.replace(/:$/, "")}"`;
}

const MOST_SHOWN = 80;

/** A text that is not closed is the last one of the file. */
function openingQuote(parsed: Document, before: number): number {
  let offset = before;
  visit(parsed, (_, node) => {
    if (isScalar(node) && node.type?.startsWith("QUOTE") === true) offset = node.range?.[0] ?? offset;
  });
  return offset;
}
