import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit, type Document } from "yaml";
import { MOST_PROBLEMS, type Problem } from "./problem.ts";
import { slipsOf } from "./yaml-words.ts";

export type Path = readonly PropertyKey[];

/** A YAML file as plain data that still knows where everything stands. */
export interface YamlDocument {
  readonly file: string;
  readonly data: unknown;
  /** A mistake in the value at a path; at its nearest parent, where there is no such value. */
  problemAt(path: Path, message: string): Problem;
  /** A mistake in a key of the mapping at a path. */
  problemAtKey(path: Path, key: string, message: string): Problem;
}

/** Reading takes time that grows with the square of the number of items: this many take a second. */
const MOST_CHARACTERS = 128_000;
const MOST_ALIASES = 100;

/** The document, unless the text is no YAML at all; duplicate keys are reported, and reading goes on. */
export function readYaml(file: string, text: string): { document?: YamlDocument; problems: Problem[] } {
  const start = (message: string): Problem => ({ file, line: 1, column: 1, message });
  if (text.length > MOST_CHARACTERS) return { problems: [start("is larger than 128 kB")] };

  const lines = new LineCounter();
  const at = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, message };
  };

  try {
    const parsed: Document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
    });
    const found = slipsOf(parsed, text).slice(0, MOST_PROBLEMS);
    const tabs = found.filter(({ offset }) => isIndentedByTab(text, offset));
    const second = new Set(
      parsed.errors.flatMap(({ code, pos }) => (code === "DUPLICATE_KEY" ? pos[0] : [])),
    );
    // Whatever else the parser has against a text with tabs follows from them.
    const problems =
      tabs.length > 0
        ? tabs.map(({ offset }) => at(offset, TAB))
        : found.map(({ offset, message }) =>
            at(offset, second.has(offset) ? secondKey(parsed, offset, lines) : message),
          );
    if (found.some(({ offset }) => !second.has(offset))) return { problems };
    const data: unknown = parsed.toJS({ maxAliasCount: MOST_ALIASES });
    return { problems, document: { file, data, ...finders(parsed, at) } };
  } catch (error) {
    // Thrown for aliases that multiply (`Excessive alias count`) and for nesting without end.
    return { problems: [start(`cannot be read: ${error instanceof Error ? error.message : "unknown"}`)] };
  }
}

const TAB = "a tab stands in the indentation, where YAML takes only spaces: replace it by spaces";

function isIndentedByTab(text: string, offset: number): boolean {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const indentation = /^[ \t]*/.exec(text.slice(start))?.[0] ?? "";
  return indentation.includes("\t") && offset <= start + indentation.length;
}

/** Both places of a key that stands twice in one mapping. */
function secondKey(parsed: Document, offset: number, lines: LineCounter): string {
  let message = "this key stands here a second time";
  visit(parsed, {
    Map(_, { items }) {
      const keys = items.flatMap(({ key }) => (isScalar(key) ? [key] : []));
      const second = keys.find(({ range }) => range?.[0] === offset);
      const first = keys.find(({ value }) => value === second?.value);
      if (second === undefined || first === undefined) return undefined;
      const { line } = lines.linePos(first.range?.[0] ?? 0);
      message = `the key \`${String(second.value)}\` stands here a second time, the first is in line ${line}: keep one of them`;
      return visit.BREAK;
    },
  });
  return message;
}

function finders(
  parsed: Document,
  at: (offset: number, message: string) => Problem,
): Pick<YamlDocument, "problemAt" | "problemAtKey"> {
  const nodeAt = (path: Path): unknown => {
    const node = path.length === 0 ? parsed.contents : parsed.getIn(path, true);
    return isAlias(node) ? node.resolve(parsed) : node;
  };
  const offsetOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

  return {
    problemAt(path, message) {
      let length = path.length;
      while (length > 0 && !isNode(nodeAt(path.slice(0, length)))) length -= 1;
      return at(offsetOf(nodeAt(path.slice(0, length))), message);
    },
    problemAtKey(path, key, message) {
      const mapping = nodeAt(path);
      const pair = isMap(mapping)
        ? mapping.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      return at(offsetOf(pair?.key ?? mapping), message);
    },
  };
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
