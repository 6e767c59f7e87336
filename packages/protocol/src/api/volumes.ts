import { instantSchema, volumeSchema } from "@shipkeeper/model";
import * as z from "zod";
import { sightingShape } from "./containers.ts";
import { listQuery, pageOf, queryFlag } from "./page.ts";

export const apiVolumeSchema = z
  .object({
    ...sightingShape,
    ...volumeSchema.shape,
    /** When the data of its newest restore point was read. */
    lastRestorePointAt: instantSchema.optional(),
  })
  .meta({ id: "Volume" });
export type ApiVolume = z.infer<typeof apiVolumeSchema>;

export const volumesQuerySchema = listQuery(
  { sorts: ["name", "sizeBytes", "host"], order: "name" },
  {
    host: z.string().optional(),
    owner: z.string().optional(),
    unowned: queryFlag.optional(),
    used: queryFlag.optional(),
    /** Whether any restore point of it is known. */
    backedUp: queryFlag.optional(),
    stale: queryFlag.optional(),
    search: z.string().max(256).optional(),
  },
);
export type VolumesQuery = z.infer<typeof volumesQuerySchema>;
export const volumesPageSchema = pageOf(apiVolumeSchema);
