import { imageSchema } from "@shipkeeper/model";
import * as z from "zod";
import { sightingShape } from "./containers.ts";
import { listQuery, pageOf, queryFlag } from "./page.ts";

export const apiImageSchema = z
  .object({
    ...sightingShape,
    /** First tag, else a digest, else the short id. */
    name: z.string(),
    /** Milliseconds since it was built; absent where its build time cannot be believed. */
    ageMs: z.number().optional(),
    unusedForMs: z.number().optional(),
    /** Containers of this host, in whatever state, that were made from it. */
    usedBy: z.int(),
    /** What it is built on: by its layers, where such an image was ever seen, else by what its builder wrote. */
    base: z
      .object({ name: z.string(), id: z.string().optional(), by: z.enum(["layers", "label"]) })
      .optional(),
    ...imageSchema.omit({ history: true, layers: true }).shape,
  })
  .meta({ id: "Image" });
export type ApiImage = z.infer<typeof apiImageSchema>;

export const imagesQuerySchema = listQuery(
  { sorts: ["name", "sizeBytes", "createdAt", "unusedSince", "host"], order: "name" },
  {
    host: z.string().optional(),
    owner: z.string().optional(),
    unowned: queryFlag.optional(),
    /** Whether any container of the same host refers to it. */
    used: queryFlag.optional(),
    /** Without any tag. */
    dangling: queryFlag.optional(),
    stale: queryFlag.optional(),
    search: z.string().max(256).optional(),
  },
);
export type ImagesQuery = z.infer<typeof imagesQuerySchema>;
export const imagesPageSchema = pageOf(apiImageSchema);
