import { HOUR_MS, SECOND_MS } from "@shipkeeper/kit";
import * as z from "zod";
import { nameSchema } from "../../language/values.ts";
import { verifyKeysSchema } from "../backup/spec.ts";

/** What a backup rule says of how its restore points are proven, with its own name and where it backs up to. */
export const verifySpecSchema = z.strictObject({
  of: nameSchema,
  to: z.array(nameSchema).min(1),
  ...verifyKeysSchema.shape,
});
export type VerifySpec = z.infer<typeof verifySpecSchema>;

const LOOKS_A_SPAN = 8;

/** Often enough to be on time with the shortest span, and to go on soon with what could not be done. */
export function looksEveryMs({ structure, read, sample }: VerifySpec): number {
  const shortestMs = Math.min(structure, read, sample);
  return Math.max(SECOND_MS, Math.min(HOUR_MS, Math.floor(shortestMs / LOOKS_A_SPAN)));
}
