import { containerSchema, containerStateSchema, healthStatusSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { listQuery, pageOf, queryFlag } from "./page.ts";

/** What every row about a host's holdings says of where and when it was seen. */
export const sightingShape = {
  hostId: z.string(),
  host: z.string(),
  /** When the host last listed it, by the host's clock. */
  seenAt: instantSchema,
  /** It was not in the last list, but that list was incomplete: it may be there or not. */
  stale: z.boolean(),
} as const;

/** A container as its host described it, and the owner by the policy in force. */
export const apiContainerSchema = z
  .object({ ...sightingShape, ...containerSchema.shape })
  .meta({ id: "Container" });
export type ApiContainer = z.infer<typeof apiContainerSchema>;

export const containersQuerySchema = listQuery(
  { sorts: ["name", "createdAt", "host"], order: "name" },
  {
    host: z.string().optional(),
    owner: z.string().optional(),
    /** Without any owner: nobody answers for it. */
    unowned: queryFlag.optional(),
    state: containerStateSchema.optional(),
    health: healthStatusSchema.optional(),
    /** Full id of its image. */
    imageId: z.string().optional(),
    stale: queryFlag.optional(),
    search: z.string().max(256).optional(),
  },
);
export type ContainersQuery = z.infer<typeof containersQuerySchema>;
export const containersPageSchema = pageOf(apiContainerSchema);
