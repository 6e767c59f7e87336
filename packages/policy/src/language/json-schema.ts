/**
 * The language as a JSON Schema, so that editors complete keys and underline what is odd. It knows less than
 * `parsePolicy`: neither patterns nor times are checked by it, and a rule that is inherited may leave out keys.
 */
import * as z from "zod";
import { catalog, WRITTEN_KINDS, type Kind } from "../actions/catalog.ts";
import { policySourceSchema, profileSourceSchema, ruleSourceSchema } from "./source.ts";
import { nameSchema } from "./values.ts";

/** Where a key stands in the language → what it means: `policy` and `hosts`, `prune` and `images.unusedFor`. */
export type DescribeKey = (part: string, key: string) => string | undefined;

type Json = z.core.JSONSchema.BaseSchema;

/** The schema of a file that holds a policy or a profile. */
export function policySchemaJson(describe: DescribeKey = () => undefined): Json {
  const ofHead = (key: string) =>
    describe("policy", key) ?? describe("compliance", key) ?? describe("logs", key);
  const head = (schema: z.ZodType): Json => {
    const { $schema: _, ...json } = toJson(schema);
    const described = withDescriptions(json, ofHead);
    const rules: Json = { ...propertyOf(described, "rules"), items: { $ref: "#/$defs/rule" } };
    return { ...described, properties: { ...described.properties, rules } };
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Shipkeeper policy",
    anyOf: [head(policySourceSchema), head(profileSourceSchema)],
    $defs: { rule: { anyOf: WRITTEN_KINDS.map((kind) => ruleJson(kind, describe)) } },
  };
}

/** A rule of one kind: its name, the keys that all rules share, and its own. */
function ruleJson(kind: Kind, describe: DescribeKey): Json {
  const shared = withDescriptions(toJson(ruleSourceSchema), (key) => describe("rule", key));
  const own = withDescriptions(
    toJson(catalog[kind].spec),
    (key) => describe(kind, key) ?? describe("probe", key.replace(/^probes\.\*\./, "")),
  );
  const { $schema: _, ...name } = toJson(nameSchema);
  return {
    type: "object",
    properties: {
      [kind]: { ...name, description: `The name of the rule: one of kind ${kind}.` },
      ...shared.properties,
      ...own.properties,
    },
    required: [kind],
    additionalProperties: false,
  };
}

/** Each schema of the language takes text, numbers, lists and mappings; what it makes of them is not asked for. */
function toJson(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

function propertyOf({ properties }: Json, key: string): Json {
  const property = properties?.[key];
  return typeof property === "object" ? property : {};
}

/**
 * Every key with its description, found by its dotted path; the keys of a list's items go by the list's, those below
 * names that people choose have `*` in their place.
 */
function withDescriptions(json: Json, describe: (key: string) => string | undefined, above = ""): Json {
  const properties = Object.entries(json.properties ?? {}).map(
    ([name, property]): [string, Json | boolean] => {
      if (typeof property === "boolean") return [name, property];
      const key = `${above}${name}`;
      const inside = withDescriptions(property, describe, `${key}.`);
      const description = describe(key);
      return [name, description === undefined ? inside : { ...inside, description }];
    },
  );
  const items =
    typeof json.items === "object" && !Array.isArray(json.items)
      ? { items: withDescriptions(json.items, describe, above) }
      : {};
  const named =
    typeof json.additionalProperties === "object"
      ? { additionalProperties: withDescriptions(json.additionalProperties, describe, `${above}*.`) }
      : {};
  return {
    ...json,
    ...(json.properties === undefined ? {} : { properties: Object.fromEntries(properties) }),
    ...items,
    ...named,
  };
}
