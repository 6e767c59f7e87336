/** How the backup repositories of a host are: which there are, what they are for, and what is wrong with them. */
import { countSchema, instantSchema } from "@shipkeeper/model";
import { REPOSITORY_PROBLEM_CODES } from "@shipkeeper/policy";
import * as z from "zod";

export const repositoryStateSchema = z.object({
  /** As the host's configuration names it, and policies do. */
  name: z.string(),
  /** `local`, or how it is reached: `sftp`, `rest`, `s3`, `rclone`, … */
  backEnd: z.string(),
  /** Whether the host's credentials cannot delete. */
  appendOnly: z.boolean(),
  offsite: z.boolean(),
  /** Whether there is a key on paper that opens it. */
  recoveryKey: z.boolean(),
  costPerGb: z.number().min(0).optional(),
  /** When it last did what it was asked. */
  lastOkAt: instantSchema.optional(),
  /** What it takes on its disk, where that was measured. */
  bytes: countSchema.optional(),
  /** What stands in the way of its use; gone as soon as the same use works again. */
  problem: z
    .object({ code: z.enum(REPOSITORY_PROBLEM_CODES), message: z.string(), since: instantSchema })
    .optional(),
});
export type RepositoryState = z.infer<typeof repositoryStateSchema>;

/** Of one host. */
export const MOST_REPOSITORIES = 100;

/** All of them: a repository that is not in it is not configured any more. */
export const repositoriesEntrySchema = z.object({
  kind: z.literal("repositories"),
  at: instantSchema,
  repositories: z.array(repositoryStateSchema).max(MOST_REPOSITORIES),
});
