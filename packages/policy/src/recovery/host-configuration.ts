/**
 * What a host is made of beside its data, as it is kept in the dataset `host:configuration`: enough to make its networks,
 * volumes and containers again on another host that knows nothing of this one.
 */
import {
  containerBlueprintSchema,
  countSchema,
  hostIdSchema,
  hostLabelsSchema,
  imageIdSchema,
  instantSchema,
  networkBlueprintSchema,
  volumeBlueprintSchema,
} from "@shipkeeper/model";
import * as z from "zod";
import { datasetIdSchema, type DatasetId } from "../dataset/dataset.ts";
import { dumpMadeSchema } from "../dump-program.ts";
import { ownHookSchema, readyHookSchema } from "../hook.ts";

export const HOST_DATASET: DatasetId = "host:configuration";

/** Files of the dataset, in its one folder. */
export const BUNDLE_FILES = {
  configuration: "configuration.json",
  /** What looks secret, sealed to the recovery key; absent on a host that has none. */
  secrets: "secrets.sealed",
  runbook: "RUNBOOK.txt",
} as const;

/** The one file of a restore point of an image: what `docker save` writes. */
export const IMAGE_FILE = "image.tar";

/** Networks that every engine has, and nobody makes. */
export function isOwnNetwork(name: string): boolean {
  return name === "bridge" || name === "host" || name === "none";
}

const recordedContainerSchema = z.object({
  blueprint: containerBlueprintSchema,
  /** Whether it ran when this was written; one that did not is made and not started. */
  running: z.boolean(),
  /** Whether it tells its health, so that it can be waited for. */
  tellsHealth: z.boolean(),
  /** Names of containers that it cannot do without; of each group the first. */
  needs: z.array(z.string()),
});
export type RecordedContainer = z.infer<typeof recordedContainerSchema>;

const recordedImageSchema = z.object({
  id: imageIdSchema,
  tags: z.array(z.string()),
  /** `repository@sha256:…`: what a registry knows it by. None where no registry ever had it. */
  digests: z.array(z.string()),
});
export type RecordedImage = z.infer<typeof recordedImageSchema>;

const recordedVolumeSchema = volumeBlueprintSchema.extend({
  /** Where its files were on this host: restore points hold them under this path. */
  mountpoint: z.string(),
});

/** A text that looks secret and was taken out. */
const takenOutSchema = z.object({
  /** A JSON pointer into this configuration. */
  at: z.string(),
  /** For people: `variable POSTGRES_PASSWORD of container shop-db`. */
  what: z.string(),
});
export type TakenOut = z.infer<typeof takenOutSchema>;

/** As it was understood: its time in milliseconds. */
const recordedHookSchema = z.union([
  ownHookSchema.extend({ timeout: countSchema }),
  readyHookSchema.extend({ timeout: countSchema }),
]);

const knownPointSchema = z.object({
  dataset: datasetIdSchema,
  repository: z.string(),
  restorePoint: z.string(),
  at: instantSchema,
  dump: dumpMadeSchema.optional(),
});

export const hostConfigurationSchema = z.object({
  format: z.literal(1),
  writtenAt: instantSchema,
  host: z.object({ id: hostIdSchema, name: z.string(), labels: hostLabelsSchema }),
  engine: z.object({ version: z.string(), rootDir: z.string(), storageDriver: z.string() }),
  containers: z.array(recordedContainerSchema),
  images: z.array(recordedImageSchema),
  networks: z.array(networkBlueprintSchema),
  volumes: z.array(recordedVolumeSchema),
  /** The guardrails' hooks by their names: a dump goes back by the one that made it. */
  hooks: z.record(z.string(), recordedHookSchema).default({}),
  /** The newest restore points that the host knew of, for people: by now there may be newer ones. */
  restorePoints: z.array(knownPointSchema),
  policy: z.object({ revision: z.int(), policies: z.array(z.string()) }).optional(),
  takenOut: z.array(takenOutSchema),
  /** What could not be read, and is missing here. */
  gaps: z.array(z.string()),
});
export type HostConfiguration = z.infer<typeof hostConfigurationSchema>;
