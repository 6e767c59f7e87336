import * as z from "zod";

/** The keys that a schema takes at a path: for "did you mean", and for the test that all of them are documented. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const inside = unwrap(schema);
  if (path.length === 0) return inside instanceof z.ZodObject ? Object.keys(inside.shape) : [];
  const [step, ...rest] = path;
  const next = child(inside, step ?? "");
  return next === undefined ? [] : knownKeys(next, rest);
}

/** Every key below a schema, dotted: `images.unusedFor`. Keys that people choose themselves are left out. */
export function allKeys(schema: z.core.$ZodType): string[] {
  const inside = unwrap(schema);
  if (inside instanceof z.ZodArray) return allKeys(inside.element);
  if (!(inside instanceof z.ZodObject)) return [];
  return Object.entries(inside.shape).flatMap(([key, value]) => [
    key,
    ...allKeys(value).map((below) => `${key}.${below}`),
  ]);
}

function child(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[String(step)];
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType);
  }
  return schema;
}
