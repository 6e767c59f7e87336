import { parseInstant } from "@shipkeeper/kit";
import {
  type BuildCacheRecord,
  type ContainerId,
  containerIdSchema,
  type ImageId,
  imageIdSchema,
  type VolumeName,
  volumeNameSchema,
} from "@shipkeeper/model";
import * as z from "zod";
import { flag, listOf, measured, number, text } from "./answer-schemas.ts";
import { defined } from "../defined.ts";
import type { EngineSizes } from "../engine.ts";

const container = z.object({ Id: containerIdSchema, SizeRw: measured });
const image = z.object({ Id: imageIdSchema, SharedSize: measured });
const volume = z.object({
  Name: volumeNameSchema,
  UsageData: z.object({ Size: measured, RefCount: measured }).nullish(),
});
const buildCache = z.object({
  ID: z.string(),
  Type: text,
  Description: text,
  Size: number,
  CreatedAt: text,
  LastUsedAt: text,
  UsageCount: number,
  InUse: flag,
  Shared: flag,
  /** Before API 1.42. */
  Parent: text,
  Parents: z.array(z.string()).nullish(),
});

/** From API 1.52 on every list sits in an object of its own, and is filled only where `verbose` was asked for. */
const usageOf = <T extends z.ZodType>(item: T) => z.object({ Items: listOf(item) }).nullish();

/** `GET /system/df`, in both of its shapes. */
export const diskUsageAnswer = z.object({
  Containers: z.array(container).nullish(),
  Images: z.array(image).nullish(),
  Volumes: z.array(volume).nullish(),
  BuildCache: z.array(buildCache).nullish(),
  ContainerUsage: usageOf(container),
  ImageUsage: usageOf(image),
  VolumeUsage: usageOf(volume),
  BuildCacheUsage: usageOf(buildCache),
});
export type DiskUsageAnswer = z.output<typeof diskUsageAnswer>;

export function readBuildCache(answer: DiskUsageAnswer): BuildCacheRecord[] {
  return (answer.BuildCacheUsage?.Items ?? answer.BuildCache ?? []).map(readRecord);
}

/** What was measured; -1, which the engine writes where it could not measure, is left out. */
export function readSizes(answer: DiskUsageAnswer): EngineSizes {
  const containers = answer.ContainerUsage?.Items ?? answer.Containers ?? [];
  const images = answer.ImageUsage?.Items ?? answer.Images ?? [];
  const volumes = answer.VolumeUsage?.Items ?? answer.Volumes ?? [];

  return {
    // The engine leaves a size of 0 out.
    writableBytes: new Map<ContainerId, number>(containers.map(({ Id, SizeRw }) => [Id, SizeRw ?? 0])),
    sharedImageBytes: mapOf<ImageId>(images.map(({ Id, SharedSize }) => [Id, SharedSize])),
    volumeBytes: mapOf<VolumeName>(volumes.map(({ Name, UsageData }) => [Name, UsageData?.Size])),
    volumeRefCounts: mapOf<VolumeName>(volumes.map(({ Name, UsageData }) => [Name, UsageData?.RefCount])),
    buildCache: readBuildCache(answer),
  };
}

function readRecord(record: z.output<typeof buildCache>): BuildCacheRecord {
  return {
    id: record.ID,
    type: record.Type,
    description: record.Description,
    sizeBytes: Math.max(0, record.Size),
    usageCount: Math.max(0, record.UsageCount),
    inUse: record.InUse,
    shared: record.Shared,
    parents: record.Parents ?? (record.Parent === "" ? [] : [record.Parent]),
    ...defined({ createdAt: parseInstant(record.CreatedAt), lastUsedAt: parseInstant(record.LastUsedAt) }),
  };
}

function mapOf<Key>(entries: readonly (readonly [Key, number | undefined])[]): Map<Key, number> {
  return new Map(entries.flatMap(([key, bytes]) => (bytes === undefined ? [] : [[key, bytes] as const])));
}
