/** What of the hosts' data can be restored, by what the policies in force say. */
import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { listQuery, pageOf } from "./page.ts";

/** `no-data`: nothing that anybody would want back. */
export const coverageStateSchema = z.enum(["covered", "excluded", "uncovered", "no-data"]);

export const apiCoverageSchema = z
  .object({
    host: z.string(),
    hostId: z.string(),
    /** A volume, or a folder that containers mount; of a dump the volume. */
    dataset: z.string(),
    state: coverageStateSchema,
    owner: z.string().optional(),
    /** Containers that have it. */
    users: z.array(z.string()),
    /** That back it up, as `policy/rule`. */
    rules: z.array(z.string()),
    repositories: z.array(z.string()),
    /** The end of its exclusion. */
    until: instantSchema.optional(),
    /** Why, in words. */
    says: z.string(),
  })
  .meta({ id: "Coverage" });
export type ApiCoverage = z.infer<typeof apiCoverageSchema>;

export const coverageQuerySchema = listQuery(
  { sorts: ["dataset", "host"], order: "dataset" },
  {
    host: z.string().optional(),
    owner: z.string().optional(),
    dataset: z.string().optional(),
    state: coverageStateSchema.optional(),
  },
);
export type CoverageQuery = z.infer<typeof coverageQuerySchema>;
export const coveragePageSchema = pageOf(apiCoverageSchema);
