import * as z from "zod";

/** Pairs in JSON, a map in memory. */
export function mapOf<Value>(value: z.ZodType<Value>) {
  return z.codec(
    z.array(z.tuple([z.string(), value])),
    z.custom<ReadonlyMap<string, Value>>((map) => map instanceof Map),
    { decode: (pairs) => new Map(pairs), encode: (map) => [...map] },
  );
}
