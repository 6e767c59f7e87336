/** How much of each dataset would be lost, and how long having it back takes, against what its backup rule promises. */
import { countSchema, instantSchema } from "@shipkeeper/model";
import { OBJECTIVE_STATES, PROOF_LEVELS } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf } from "./page.ts";

/** `unknown`: nobody vouches for a restore point, or nobody tried a restore. It is not as agreed. */
export const objectiveStateSchema = z.enum(OBJECTIVE_STATES);

export const apiObjectiveSchema = z
  .object({
    host: z.string(),
    hostId: z.string(),
    dataset: z.string(),
    /** `policy/rule` */
    rule: z.string(),
    owner: z.string().optional(),
    /** As bad as the worst of what was agreed. */
    state: objectiveStateSchema,
    /** The most data, in time, that may be lost. */
    rpoMs: countSchema.optional(),
    /** What would be lost now; absent where nobody vouches for a restore point. */
    rpoActualMs: countSchema.optional(),
    rpoState: objectiveStateSchema.optional(),
    /** The same by the copies elsewhere alone. */
    offsiteRpoActualMs: countSchema.optional(),
    offsiteRpoState: objectiveStateSchema.optional(),
    /** The longest that having it back may take. */
    rtoMs: countSchema.optional(),
    rtoActualMs: countSchema.optional(),
    /** By a drill; false where it is reckoned from how fast others were restored. */
    rtoMeasured: z.boolean().optional(),
    rtoMeasuredAt: instantSchema.optional(),
    rtoState: objectiveStateSchema.optional(),
    /** The longest time without a restore point … */
    worstGapMs: countSchema.optional(),
    /** … within so long: 30 days, or as long as all of them are kept. */
    worstGapOverMs: countSchema.optional(),
    /** Of the newest restore point, good or not. */
    newestAt: instantSchema.optional(),
    /** Of the newest that is known to be good, … */
    provenAt: instantSchema.optional(),
    /** … its id, … */
    restorePoint: z.string().optional(),
    /** … and where it is. */
    repository: z.string().optional(),
    /** The highest rung of the verification ladder that holds, … */
    rung: z.enum(PROOF_LEVELS).optional(),
    /** … and since when. */
    rungAt: instantSchema.optional(),
    /** Rungs that were found bad. */
    failed: z.array(z.string()),
    repositories: z.array(z.string()),
    /** What the newest restore point holds. */
    bytes: countSchema.optional(),
    /** When it was first asked for. */
    since: instantSchema,
  })
  .meta({ id: "Objective" });
export type ApiObjective = z.infer<typeof apiObjectiveSchema>;

/** By default what breaks first, or is broken longest, comes first. */
export const objectivesQuerySchema = listQuery(
  { sorts: ["brokenFrom", "dataset", "host"], order: "brokenFrom" },
  {
    host: z.string().optional(),
    owner: z.string().optional(),
    rule: z.string().optional(),
    dataset: z.string().optional(),
    state: objectiveStateSchema.optional(),
  },
);
export type ObjectivesQuery = z.infer<typeof objectivesQuerySchema>;
export const objectivesPageSchema = pageOf(apiObjectiveSchema);
