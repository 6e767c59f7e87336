/** Configuration: a YAML file, overridden by `SHIPKEEPER_*` variables, checked by a schema; every mistake at once. */
import { readFileSync } from "node:fs";
import { errorChain, suggest } from "@shipkeeper/kit";
import { LineCounter, isNode, parseDocument, type Document, type Node } from "yaml";
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
    throw new ConfigProblem(document.errors.map((e) => `${place(e.pos[0])}: ${e.message.split("\n")[0]}`));
  }

  const value = readDocument(document, file);
  const overridden = override(value, source);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigProblem(
    parsed.error.issues.flatMap((issue) => {
      const path = issue.path.map(String);
      if (issue.code === "unrecognized_keys") {
        return issue.keys.map((key) => {
          const full = [...path, key].join(".");
          const meant = suggest(full, keys) ?? suggest(full, new Set(keys.map((k) => k.split(".")[0] ?? k)));
          const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
          return `${place(offsetOf(document, [...path, key]))}: unknown key ${full}${hint}`;
        });
      }
      const variable = overridden.get(path.join("."));
      const where = variable ?? place(offsetOf(document, path));
      return [`${where}: ${path.join(".") || "configuration"}: ${issue.message}`];
    }),
  );
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

/** Where a key stands in the file; where its nearest existing parent stands when it is missing. */
function offsetOf(document: Document, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return (node as Node).range?.[0] ?? 0;
  }
  return 0;
}
