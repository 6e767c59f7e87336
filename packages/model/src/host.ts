import * as z from "zod";
import { countSchema, instantSchema } from "./ids.ts";

export const engineFactsSchema = z.object({
  /** The engine's own id. Cloned machines share it, so it never identifies a host. */
  id: z.string(),
  version: z.string(),
  apiVersion: z.string(),
  storageDriver: z.string(),
  /** Where images are kept: ids and sizes of the two stores cannot be compared. */
  imageStore: z.enum(["graphdriver", "containerd"]),
  cgroupVersion: z.enum(["1", "2"]),
  cgroupDriver: z.string(),
  rootDir: z.string(),
  liveRestore: z.boolean(),
  swarm: z.string(),
  defaultLogDriver: z.string(),
  securityOptions: z.array(z.string()),
});
export type EngineFacts = z.infer<typeof engineFactsSchema>;

export const diskSchema = z.object({
  /** The path that was asked about, e.g. the engine's root folder. */
  path: z.string(),
  totalBytes: countSchema,
  freeBytes: countSchema,
  totalInodes: countSchema,
  freeInodes: countSchema,
});
export type Disk = z.infer<typeof diskSchema>;

export const hostFactsSchema = z.object({
  hostname: z.string(),
  kernel: z.string(),
  operatingSystem: z.string(),
  architecture: z.string(),
  cpus: countSchema,
  memoryBytes: countSchema,
  bootedAt: instantSchema.optional(),
  disks: z.array(diskSchema),
});
export type HostFacts = z.infer<typeof hostFactsSchema>;

/** Labels that a host was enrolled with: environment, site, ring and whatever else its operator wrote. */
export const hostLabelsSchema = z.record(
  z.string().regex(/^[A-Za-z0-9._/-]{1,128}$/, "a label's key is letters, digits and . _ / -"),
  z.string().max(256),
);
export type HostLabels = z.infer<typeof hostLabelsSchema>;

/** All that a policy selects a host by: its own labels, and its name as `hostname`, which no label of its own replaces. */
export function labelsOfHost({ hostname, labels }: { hostname: string; labels: HostLabels }): HostLabels {
  return { ...labels, hostname };
}
