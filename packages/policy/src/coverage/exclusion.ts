/** What a policy says need not be backed up, why, and until when: none is without an end, so that it is thought of again. */
import { firstMatch } from "@shipkeeper/kit";
import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { Dataset } from "../dataset/dataset.ts";
import { dateSchema, patternSchema, selectingPatternsSchema } from "../language/values.ts";

const EITHER = "expected `volumes`, `binds` or both, each with patterns";
const text = z.string().trim().min(1, "expected a text that is not empty");

/** As people write it. */
export const exclusionSource = z
  .strictObject({
    volumes: selectingPatternsSchema.optional(),
    /** Host paths that containers may write to. */
    binds: selectingPatternsSchema.optional(),
    reason: text,
    /** The last day on which it holds. */
    until: dateSchema,
  })
  .refine(({ volumes, binds }) => volumes !== undefined || binds !== undefined, { message: EITHER });

/** As it stands in a bundle; from `until` on it is void. */
export const exclusionSchema = z.strictObject({
  volumes: z.array(patternSchema).optional(),
  binds: z.array(patternSchema).optional(),
  reason: z.string(),
  until: instantSchema,
});
export type Exclusion = z.infer<typeof exclusionSchema>;

/** Whether it speaks of a volume or a folder. */
export function excludes({ volumes = [], binds = [] }: Exclusion, { kind, name }: Dataset): boolean {
  const patterns = kind === "volume" ? volumes : kind === "bind" ? binds : [];
  return firstMatch(patterns, [name]) !== undefined;
}
