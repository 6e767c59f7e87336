import { countSchema, instantSchema } from "@shipkeeper/model";
import { modeSchema, plannedRuleSchema, verdictSchema, waitingRuleSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf } from "./page.ts";

/** How often each decision was taken for one rule of a round. */
const ruleTallySchema = z.object({
  policy: z.string(),
  rule: z.string(),
  kind: z.string(),
  mode: modeSchema,
  heldBackBy: z.string().optional(),
  decisions: z.record(z.string(), countSchema),
});

export const apiRoundSchema = z
  .object({
    id: z.string(),
    hostId: z.string(),
    host: z.string(),
    at: instantSchema,
    revision: z.int(),
    planned: z.array(ruleTallySchema),
    waiting: z.array(waitingRuleSchema),
  })
  .meta({ id: "Round" });
export type ApiRound = z.infer<typeof apiRoundSchema>;

/** A verdict and its reason in words: `unused for 90 days (limit 14 days)`. */
export const apiVerdictSchema = z
  .object({ ...verdictSchema.shape, explanation: z.string() })
  .meta({ id: "Verdict" });
export type ApiVerdict = z.infer<typeof apiVerdictSchema>;

export const apiRoundDetailSchema = z
  .object({
    ...apiRoundSchema.shape,
    planned: z.array(z.object({ ...plannedRuleSchema.shape, verdicts: z.array(apiVerdictSchema) })),
  })
  .meta({ id: "RoundDetail" });
export type ApiRoundDetail = z.infer<typeof apiRoundDetailSchema>;

export const roundsQuerySchema = listQuery(
  { sorts: ["at"], order: "-at" },
  {
    host: z.string().optional(),
    from: z.coerce.number().int().optional(),
    to: z.coerce.number().int().optional(),
  },
);
export type RoundsQuery = z.infer<typeof roundsQuerySchema>;
export const roundsPageSchema = pageOf(apiRoundSchema);
