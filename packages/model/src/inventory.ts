import * as z from "zod";
import { containerSchema } from "./container.ts";
import { engineFactsSchema, hostFactsSchema } from "./host.ts";
import { countSchema, instantSchema, labelsSchema } from "./ids.ts";
import { imageSchema } from "./image.ts";
import { volumeSchema } from "./volume.ts";

export const networkSchema = z.object({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  scope: z.string(),
  internal: z.boolean(),
  /** Containers that Swarm does not manage may join it; absent where the engine did not say. */
  attachable: z.boolean().optional(),
  /** Swarm's routing mesh. */
  ingress: z.boolean().optional(),
  createdAt: instantSchema.optional(),
  labels: labelsSchema,
});
export type Network = z.infer<typeof networkSchema>;

export const buildCacheRecordSchema = z.object({
  id: z.string(),
  type: z.string(),
  description: z.string(),
  sizeBytes: countSchema,
  createdAt: instantSchema.optional(),
  lastUsedAt: instantSchema.optional(),
  usageCount: countSchema,
  inUse: z.boolean(),
  shared: z.boolean(),
  /** The records that it is built on; absent where the engine did not say. */
  parents: z.array(z.string()).optional(),
});
export type BuildCacheRecord = z.infer<typeof buildCacheRecordSchema>;

export const inventorySectionSchema = z.enum([
  "engine",
  "host",
  "containers",
  "images",
  "volumes",
  "networks",
  "buildCache",
  "sizes",
]);
export type InventorySection = z.infer<typeof inventorySectionSchema>;

/** Something that could not be read. What is missing because of it is unknown, never absent. */
export const gapSchema = z.object({
  section: inventorySectionSchema,
  /** The id of the one thing that could not be read; the whole section where there is none. */
  subject: z.string().optional(),
  error: z.string(),
});
export type Gap = z.infer<typeof gapSchema>;

/** What one host holds at one moment. */
export const inventorySchema = z.object({
  takenAt: instantSchema,
  engine: engineFactsSchema.optional(),
  host: hostFactsSchema,
  containers: z.array(containerSchema),
  images: z.array(imageSchema),
  volumes: z.array(volumeSchema),
  networks: z.array(networkSchema),
  buildCache: z.array(buildCacheRecordSchema),
  gaps: z.array(gapSchema),
});
export type Inventory = z.infer<typeof inventorySchema>;

/** Whether a section was read without a single failure: only then does "not there" mean absent. */
export function isComplete(inventory: Pick<Inventory, "gaps">, section: InventorySection): boolean {
  return !inventory.gaps.some((gap) => gap.section === section);
}
