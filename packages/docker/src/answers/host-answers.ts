import * as z from "zod";
import { flag, listOf, number, text, textMap } from "./answer-schemas.ts";

/** `GET /info`. */
export const infoAnswer = z.object({
  ID: text,
  Name: text,
  ServerVersion: text,
  Driver: text,
  DriverStatus: listOf(z.array(z.string())),
  CgroupVersion: text,
  CgroupDriver: text,
  DockerRootDir: text,
  LiveRestoreEnabled: flag,
  LoggingDriver: text,
  SecurityOptions: listOf(z.string()),
  Swarm: z.object({ LocalNodeState: text }).nullish(),
  KernelVersion: text,
  OperatingSystem: text,
  Architecture: text,
  NCPU: number,
  MemTotal: number,
});
export type InfoAnswer = z.output<typeof infoAnswer>;

const volume = z.object({
  Name: z.string().min(1),
  Driver: text,
  Mountpoint: text,
  CreatedAt: text,
  Labels: textMap,
});
export type VolumeAnswer = z.output<typeof volume>;

/** `POST /volumes/create` and `GET /volumes/{name}`. */
export const volumeAnswer = volume;

/** `GET /volumes`. A warning means that a driver did not answer, and that its volumes are missing from the list. */
export const volumeListAnswer = z.object({ Volumes: listOf(volume), Warnings: listOf(z.string()) });

/** `GET /networks`. */
const network = z.object({
  Id: z.string(),
  Name: z.string(),
  Driver: text,
  Scope: text,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  Created: text,
  Labels: textMap,
});
export const networkListAnswer = z.array(network);
export type NetworkListAnswer = z.output<typeof networkListAnswer>;

/** `GET /networks/{id}`. */
export const networkAnswer = network.extend({
  Containers: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((containers) => Object.keys(containers ?? {})),
});

/** `POST /build/prune`. */
export const buildPruneAnswer = z.object({ CachesDeleted: listOf(z.string()) });
