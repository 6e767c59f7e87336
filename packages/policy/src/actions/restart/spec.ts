import * as z from "zod";
import { probesSchema } from "./probe-spec.ts";
import {
  durationSchema,
  patienceSchema,
  selectingLabelsSchema,
  selectingPatternsSchema,
  shareSchema,
} from "../../language/values.ts";

/** So many heals in so long a time. */
const capSchema = (restarts: number, per: string) =>
  z
    .strictObject({
      restarts: z.int().min(1).max(1_000).default(restarts),
      per: durationSchema.prefault(per),
    })
    .prefault({});

export const restartSpecSchema = z
  .strictObject({
    /** Left out: every container that is watched. */
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
    after: patienceSchema.prefault("60s"),
    /** How long a container may take to stop, unless its own label says so. */
    stopTimeout: durationSchema.optional(),
    /** Whether what two tries did not help may be made anew; the guardrails must allow it as well. */
    recreate: z.boolean().default(false),
    /** So many tries in so long a time; then people take over. */
    budget: z
      .strictObject({
        restarts: z.int().min(1).max(100).default(5),
        per: durationSchema.prefault("30m"),
        /** How long after the last try one more is made. */
        again: durationSchema.prefault("1h"),
      })
      .prefault({}),
    perHost: capSchema(3, "5m"),
    perImage: capSchema(6, "30m"),
    /** So many sick at once, and it is not theirs to mend. */
    storm: z
      .strictObject({
        share: shareSchema.prefault("30%"),
        least: z.int().min(2).max(10_000).default(3),
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
