/** The part of the fleet report about what could be had back. */
import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import { objectiveStateSchema } from "./objectives.ts";

const reportedObjectiveSchema = z.object({
  host: z.string(),
  dataset: z.string(),
  owner: z.string().optional(),
  state: objectiveStateSchema,
  rpoMs: countSchema.optional(),
  rpoActualMs: countSchema.optional(),
  rtoMs: countSchema.optional(),
  rtoActualMs: countSchema.optional(),
  /** The highest rung that holds, and how old it is. */
  rung: z.string().optional(),
  rungAgeMs: countSchema.optional(),
});
export type ReportedObjective = z.infer<typeof reportedObjectiveSchema>;

/** All hosts' repositories of one name. */
const reportedRepositorySchema = z.object({
  repository: z.string(),
  offsite: z.boolean(),
  hosts: countSchema,
  /** Hosts that cannot use it now. */
  troubled: countSchema,
  /** Read from the sources in the report's time, … */
  readBytes: countSchema,
  /** … and what of it was new to the repository; absent where nobody told. */
  addedBytes: countSchema.optional(),
  /** What all restore points hold together, … */
  heldBytes: countSchema,
  /** … and what they take; absent where nobody measured it. */
  storedBytes: countSchema.optional(),
  /** In whatever money the hosts' configuration counts; absent where it names none. */
  costPerMonth: z.number().optional(),
});
export type ReportedRepository = z.infer<typeof reportedRepositorySchema>;

export const reportedRecoverySchema = z.object({
  /** How many datasets are in each state. */
  states: z.record(objectiveStateSchema, countSchema),
  /** What is not as agreed, the worst first. */
  worst: z.array(reportedObjectiveSchema),
  coverage: z.object({ covered: countSchema, excluded: countSchema, uncovered: countSchema }),
  repositories: z.array(reportedRepositorySchema),
  /** Whether the collector keeps backups of its own database; absent in the report of one owner. */
  isCollectorBackedUp: z.boolean().optional(),
});
export type ReportedRecovery = z.infer<typeof reportedRecoverySchema>;
