import * as z from "zod";
import { probesSchema } from "./probe-spec.ts";
import { durationSchema, selectingLabelsSchema, selectingPatternsSchema } from "../../language/values.ts";

export const restartSpecSchema = z
  .strictObject({
    /** Left out: every container that has a health check. */
    select: z
      .strictObject({
        containers: selectingPatternsSchema.optional(),
        labels: selectingLabelsSchema.optional(),
      })
      .refine(({ containers, labels }) => containers !== undefined || labels !== undefined, {
        message: "selects nothing: it needs `containers`, `labels` or both; leave `select` out for all",
      })
      .optional(),
    /** How long a container must be unhealthy without a break. */
    after: durationSchema.prefault("60s"),
    /** So many restarts in so long a time; then people take over. */
    budget: z
      .strictObject({
        restarts: z.int().min(1).max(100).default(5),
        per: durationSchema.prefault("30m"),
      })
      .prefault({}),
    /** What the agent asks containers by itself; one that does not answer is sick. */
    probes: probesSchema.optional(),
  })
  .check(({ value: { select, probes = {} }, issues }) => {
    for (const [name, probe] of Object.entries(probes)) {
      if (select !== undefined || probe.select !== undefined) continue;
      const message = "is for no containers: give it a `select`, or its rule";
      issues.push({ code: "custom", message, path: ["probes", name], input: probe });
    }
  });
export type RestartSpec = z.infer<typeof restartSpecSchema>;

/** Each would count its own tries of the same containers; a rule that selects none by name is about all of them. */
export function overlapOfRestarts(first: RestartSpec, second: RestartSpec): string | undefined {
  const coversAll = first.select === undefined || second.select === undefined;
  const same = JSON.stringify(first.select) === JSON.stringify(second.select);
  return coversAll || same ? "the same containers" : undefined;
}
