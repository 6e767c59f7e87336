/** The key `logs` in the head of a policy, as people write it. */
import * as z from "zod";
import { linePatternSchema } from "../logs/line-pattern.ts";
import { MOST_PATTERNS, type LogRule } from "../logs/log-rule.ts";
import { nameSchema, selectingLabelsSchema, selectingPatternsSchema, sizeSchema } from "./values.ts";

const PATTERNS = 'expected names with patterns such as { errors: "ERROR|FATAL" }';

export const logsSourceSchema = z
  .strictObject({
    select: z
      .strictObject({
        containers: selectingPatternsSchema.optional(),
        labels: selectingLabelsSchema.optional(),
      })
      .refine(({ containers, labels }) => containers !== undefined || labels !== undefined, {
        message: "selects nothing: it needs `containers`, `labels` or both; leave `select` out for all",
      })
      .optional(),
    patterns: z
      .record(nameSchema, linePatternSchema, { error: PATTERNS })
      .refine((patterns) => Object.keys(patterns).length <= MOST_PATTERNS, {
        message: `expected ${MOST_PATTERNS} patterns or fewer`,
      })
      .default({}),
    burst: z
      .strictObject({
        bytesPerMinute: sizeSchema.optional(),
        matchesPerMinute: z.int().min(1).max(1_000_000).optional(),
      })
      .refine(({ bytesPerMinute, matchesPerMinute }) => (bytesPerMinute ?? matchesPerMinute) !== undefined, {
        message: "needs `bytesPerMinute`, `matchesPerMinute` or both",
      })
      .optional(),
  })
  .refine(
    ({ patterns, burst }) => burst?.matchesPerMinute === undefined || Object.keys(patterns).length > 0,
    {
      message: "`burst.matchesPerMinute` needs `patterns` that lines can match",
    },
  );
export type LogsSource = z.infer<typeof logsSourceSchema>;

export function compileLogs({ select, patterns, burst }: LogsSource): LogRule {
  return {
    ...(select === undefined ? {} : { select }),
    patterns,
    ...(burst === undefined ? {} : { burst }),
  };
}
