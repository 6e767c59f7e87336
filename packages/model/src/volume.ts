import * as z from "zod";
import { containerIdSchema, countSchema, instantSchema, labelsSchema, volumeNameSchema } from "./ids.ts";

export const volumeSchema = z.object({
  name: volumeNameSchema,
  driver: z.string(),
  mountpoint: z.string(),
  /** For the local driver the engine reports the change time of the volume's folder: a chmod resets it. */
  createdAt: instantSchema.optional(),
  labels: labelsSchema,
  owner: z.string().optional(),
  /** Made by the engine for a container that asked for no name. */
  anonymous: z.boolean(),
  /** Absent where it was not measured. */
  sizeBytes: countSchema.optional(),
  /** How many containers the engine counts as its users, by its own books; absent where it was not asked. */
  refCount: countSchema.optional(),
  /** Every container that refers to it, in whatever state. */
  users: z.array(containerIdSchema),
});
export type Volume = z.infer<typeof volumeSchema>;
