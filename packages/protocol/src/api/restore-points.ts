import * as z from "zod";
import { restorePointSchema } from "../entries.ts";
import { listQuery, pageOf } from "./page.ts";

export const apiRestorePointSchema = z
  .object({ hostId: z.string(), host: z.string(), ...restorePointSchema.shape })
  .meta({ id: "RestorePoint" });
export type ApiRestorePoint = z.infer<typeof apiRestorePointSchema>;

export const restorePointsQuerySchema = listQuery(
  { sorts: ["at", "dataset", "bytes"], order: "-at" },
  {
    host: z.string().optional(),
    dataset: z.string().optional(),
    repository: z.string().optional(),
  },
);
export type RestorePointsQuery = z.infer<typeof restorePointsQuerySchema>;
export const restorePointsPageSchema = pageOf(apiRestorePointSchema);
