/** Configuration: a YAML file, overridden by `SHIPKEEPER_*` variables, checked by a schema; every mistake at once. */
import { readFileSync } from "node:fs";
import { errorChain, suggest } from "@shipkeeper/kit";
import { LineCounter, isMap, isNode, parseDocument, type Document } from "yaml";
import type * as z from "zod";
import { ConfigProblem } from "./service.ts";

export interface ConfigSource<Schema extends z.ZodType> {
  /** Undefined: variables and defaults only. */
  readonly file: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly schema: Schema;
  /** Dotted keys that variables may set: `mail.smtp` is `SHIPKEEPER_MAIL_SMTP`. */
  readonly keys: readonly string[];
}

/** Throws `ConfigProblem` with `file:line:column: …` for each mistake of the file, and the variable's name for its. */
export function loadConfig<Schema extends z.ZodType>(source: ConfigSource<Schema>): z.output<Schema> {
  const { file, schema, keys } = source;
  const text = file === undefined ? "" : readConfigFile(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file ?? "configuration"}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new ConfigProblem(document.errors.map((e) => `${place(e.pos[0])}: ${sentenceOf(e)}`));
  }

  const value = readDocument(document, file);
  const overridden = override(value, source);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;

  const found = parsed.error.issues.flatMap((issue): Found[] => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => {
        const full = [...path, key];
        return { offset: offsetOfKey(document, full), text: unknownKey(full.join("."), keys) };
      });
    }
    const key = path.join(".") || "configuration";
    const what = valueAt(value, path) === undefined ? `${key} is missing` : key;
    const variable = overridden.get(key);
    return [{ offset: offsetOf(document, path), variable, text: `${what}: ${issue.message}` }];
  });
  throw new ConfigProblem(
    found
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ offset, variable, text }) => `${variable ?? place(offset)}: ${text}`),
  );
}

/** The parser's message without its own place and its excerpt of the file. */
function sentenceOf({ message }: Error): string {
  return (message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:$/, "");
}

interface Found {
  readonly offset: number;
  /** Set where the mistake is a variable's. */
  readonly variable?: string | undefined;
  readonly text: string;
}

function unknownKey(key: string, keys: readonly string[]): string {
  const meant =
    suggest(key, keys) ?? suggest(key, new Set(keys.map((known) => known.split(".")[0] ?? known)));
  return `unknown key ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigProblem([`cannot read the configuration file ${file}: ${errorChain(error)}`]);
  }
}

function readDocument(document: Document, file: string | undefined): Record<string, unknown> {
  const value: unknown = document.toJS({ maxAliasCount: 20 }) ?? {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new ConfigProblem([`${file ?? "configuration"}:1:1: expected keys and values`]);
}

/** The name of the variable that sets a key: `stateDir` → `SHIPKEEPER_STATE_DIR`. */
export function variableFor(key: string): string {
  return `SHIPKEEPER_${key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(".", "_")
    .toUpperCase()}`;
}

/** Sets what variables set, and returns dotted key → variable for the messages. Values are read as YAML scalars. */
function override(value: Record<string, unknown>, source: ConfigSource<z.ZodType>): Map<string, string> {
  const overridden = new Map<string, string>();
  for (const key of source.keys) {
    const variable = variableFor(key);
    const text = source.environment[variable];
    if (text === undefined) continue;
    overridden.set(key, variable);
    const path = key.split(".");
    let at = value;
    for (const part of path.slice(0, -1)) {
      const inner = at[part];
      at = at[part] = typeof inner === "object" && inner !== null ? { ...inner } : {};
    }
    at[path.at(-1) ?? key] = parseDocument(text).toJS();
  }
  return overridden;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}

/** Where a value stands in the file; where its nearest existing parent stands when it is missing. */
function offsetOf(document: Document, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function offsetOfKey(document: Document, path: readonly string[]): number {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent) ? parent.items.find(({ key }) => String(key) === path.at(-1)) : undefined;
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : offsetOf(document, path);
}
