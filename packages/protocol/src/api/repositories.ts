import * as z from "zod";
import { repositoryStateSchema } from "../repositories.ts";
import { listQuery, pageOf, queryFlag } from "./page.ts";

export const apiRepositorySchema = z
  .object({ hostId: z.string(), host: z.string(), ...repositoryStateSchema.shape })
  .meta({ id: "Repository" });
export type ApiRepository = z.infer<typeof apiRepositorySchema>;

export const repositoriesQuerySchema = listQuery(
  { sorts: ["name", "host"], order: "name" },
  {
    host: z.string().optional(),
    repository: z.string().optional(),
    /** Whether something stands in the way of its use. */
    problem: queryFlag.optional(),
  },
);
export type RepositoriesQuery = z.infer<typeof repositoriesQuerySchema>;
export const repositoriesPageSchema = pageOf(apiRepositorySchema);
