import { DAY_MS } from "@shipkeeper/kit";
import * as z from "zod";
import { nameSchema } from "../../language/values.ts";
import type { Schedule } from "../../language/policy.ts";
import { keepSchema } from "../backup/spec.ts";

/** What retention needs of the backup rule that it comes along with. */
export const retainSpecSchema = z.strictObject({
  /** The name of that rule: only restore points that it made are looked at. */
  of: nameSchema,
  to: z.array(nameSchema).min(1),
  keep: keepSchema,
});
export type RetainSpec = z.infer<typeof retainSpecSchema>;

/** Once a day; more often where restore points are kept for less. */
export function scheduleOfRetention({ keep }: RetainSpec): Schedule {
  return { everyMs: Math.max(1_000, Math.min(DAY_MS, keep.within)) };
}
