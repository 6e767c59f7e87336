/**
 * What a schema has against a value, in the words of somebody who writes policies: what was expected, what stands there,
 * and what was probably meant.
 */
import { suggest } from "@shipkeeper/kit";
import * as z from "zod";
import { MOST_PROBLEMS, type Problem } from "./problem.ts";
import { knownKeys } from "./known-keys.ts";
import type { Path, YamlDocument } from "./yaml-document.ts";

/** Checks the value at a path of the document; every mistake in it becomes a problem. */
export function check<T>(
  schema: z.ZodType<T>,
  document: YamlDocument,
  { path, value, alsoKnown = [] }: { path: Path; value: unknown; alsoKnown?: readonly string[] },
): { value?: T; problems: Problem[] } {
  const result = schema.safeParse(value, { error: expectation, reportInput: true });
  if (result.success) return { value: result.data, problems: [] };

  const issues = result.error.issues.flatMap(ofTheOneMeant);
  const misspelt = new Set(
    issues.filter(({ code }) => code === "unrecognized_keys").map(({ path: at }) => at.join(".")),
  );
  // Where a key is misspelt, what the keys lack together follows from that.
  const told = issues.filter(
    (issue) =>
      issue.code !== "custom" || typeof issue.input !== "object" || !misspelt.has(issue.path.join(".")),
  );
  const problems = told.flatMap((issue) => {
    const at = [...path, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      const known = [...knownKeys(schema, issue.path), ...(issue.path.length === 0 ? alsoKnown : [])];
      return issue.keys
        .slice(0, MOST_PROBLEMS)
        .map((key) => document.problemAtKey(at, key, unknownKey(key, known)));
    }
    const name = [path.at(-1), ...issue.path].findLast((step) => typeof step === "string");
    return [document.problemAt(at, sentence(issue, name))];
  });
  return { problems: problems.slice(0, MOST_PROBLEMS) };
}

/** Where a mapping fits one of several shapes but for its values, what that one shape has against them. */
function ofTheOneMeant(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const shapes = issue.errors.filter((found) => found.every(({ path }) => path.length > 0));
  const [meant, other] = shapes;
  if (meant === undefined || other !== undefined) return [issue];
  return meant.flatMap((inside) => ofTheOneMeant({ ...inside, path: [...issue.path, ...inside.path] }));
}

/** ``unknown key `scedule`, did you mean `schedule`?`` */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = suggest(key, known);
  const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean \`${meant}\`?`;
  return `unknown key \`${key}\`, ${hint}`;
}

function sentence(issue: z.core.$ZodIssue, name: string | undefined): string {
  const key = name === undefined ? "" : `${name}: `;
  if (issue.code === "custom" && typeof issue.input === "object") return `${key}${issue.message}`;
  if (issue.input === undefined) return `${key}is missing, ${issue.message}`;
  return `${key}${issue.message}, got ${shown(issue.input)}`;
}

const NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  number: "a number",
  int: "a whole number",
};

/** What a schema expects where it does not say so itself. */
const expectation: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type": {
      const quoted = issue.expected === "string" && typeof issue.input === "number";
      const shape = exampleOf(issue.inst, issue.input);
      return `expected ${NAMES[issue.expected] ?? issue.expected}${quoted ? " (in quotes)" : ""}${shape}`;
    }
    case "invalid_value": {
      const meant =
        typeof issue.input === "string" ? suggest(issue.input, issue.values.map(String)) : undefined;
      const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
      return `expected ${issue.values.join(" or ")}${hint}`;
    }
    case "too_small":
      return `expected ${issue.minimum} or more`;
    case "too_big":
      return `expected ${issue.maximum} or less`;
    case "invalid_key":
      return issue.issues[0]?.message;
    default:
      return undefined;
  }
};

/** ` such as { within: … }`, ` such as [hosts-base]`: how to write what was expected; empty where a name says it all. */
function exampleOf(expected: unknown, input: unknown): string {
  if (expected instanceof z.ZodArray) {
    const keys = shapeOf(expected.element);
    if (keys !== undefined) return ` such as [${keys}]`;
    return typeof input === "string" && SIMPLE.test(input) && expected.element instanceof z.ZodString
      ? ` such as [${input}]`
      : "";
  }
  const keys = shapeOf(expected);
  return keys === undefined ? "" : ` such as ${keys}`;
}

const SIMPLE = /^[\w.-]{1,40}$/;

/** The keys that a mapping must have, or the first that it may have. */
function shapeOf(schema: unknown): string | undefined {
  if (!(schema instanceof z.ZodObject)) return undefined;
  const keys = Object.entries(schema.shape);
  const needed = keys.filter(([, value]) => !value.safeParse(undefined).success);
  const shown = (needed.length > 0 ? needed : keys.slice(0, 1)).map(([key]) => `${key}: …`);
  return shown.length === 0 ? undefined : `{ ${shown.join(", ")} }`;
}

const MOST_SHOWN = 40;

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === null) return "nothing";
  if (value === "") return "an empty text";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
