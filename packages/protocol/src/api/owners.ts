import { countSchema } from "@shipkeeper/model";
import * as z from "zod";

/** Somebody who answers for something, by the owner rules of the policies in force. */
export const apiOwnerSchema = z
  .object({
    /** Absent: the things that nobody answers for. */
    owner: z.string().optional(),
    mail: z.string().optional(),
    chat: z.string().optional(),
    hosts: countSchema,
    containers: countSchema,
    images: countSchema,
    imageBytes: countSchema,
    volumes: countSchema,
  })
  .meta({ id: "Owner" });
export type ApiOwner = z.infer<typeof apiOwnerSchema>;

export const ownersQuerySchema = z.strictObject({ format: z.enum(["json", "csv"]).optional() });
/** All of them on one page. */
export const ownersPageSchema = z.object({ items: z.array(apiOwnerSchema) });
