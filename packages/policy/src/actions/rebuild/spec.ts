import * as z from "zod";
import { durationSchema, nameSchema, sizeSchema } from "../../language/values.ts";
import type { Misfit, SharedTerms } from "../action.ts";

/** What a rule says of rebuilding a whole host on this one for a try. */
export const rebuildSpecSchema = z.strictObject({
  /** The host that is rebuilt: its name, or its id. */
  host: z.string().min(1, "expected the name or the id of a host").max(255),
  /** The one repository that all of it comes from. */
  from: nameSchema.prefault("offsite"),
  drill: z
    .strictObject({
      /** So often. */
      every: durationSchema.prefault("90d"),
      /** So long may it take, from the request until all of its containers are well. */
      rto: durationSchema.prefault("1h"),
      /** What each of its containers may use at most. */
      memory: sizeSchema.prefault("1GB"),
      cpus: z.number().positive("expected a number of processors such as 0.5").max(1_000).default(1),
      /** A try that takes longer than this is given up. */
      timeout: durationSchema.prefault("4h"),
    })
    .prefault({}),
});
export type RebuildSpec = z.infer<typeof rebuildSpecSchema>;

/** A schedule of the rule's own says at what times it may be looked at, not how old a proof may be. */
export function misfitOfRebuild({ drill }: RebuildSpec, { schedule }: SharedTerms): Misfit | undefined {
  if (schedule === undefined || !("everyMs" in schedule) || schedule.everyMs < drill.every) return undefined;
  const message = "how often the host is rebuilt is `drill.every`; this is how often the rule is looked at";
  return { key: "every", message };
}

/** Where one rule has rebuilt the host in time, the other finds nothing to do; two of them are two words on one thing. */
export function overlapOfRebuilds(first: RebuildSpec, second: RebuildSpec): string | undefined {
  return first.host === second.host ? `rebuilding host ${first.host}` : undefined;
}
