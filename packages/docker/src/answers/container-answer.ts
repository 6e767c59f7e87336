import { containerIdSchema, imageIdSchema } from "@shipkeeper/model";
import * as z from "zod";
import { flag, healthCheckAnswer, listOf, number, positive, text, textMap } from "./answer-schemas.ts";

/** `GET /containers/json`: only what tells which containers there are. */
export const containerListAnswer = z.array(z.object({ Id: containerIdSchema }));

const probe = z.object({ Start: text, End: text, ExitCode: number, Output: text });

const mount = z.object({ Type: text, Name: text, Source: text, Destination: text, RW: flag });

const portBindings = z
  .record(z.string(), listOf(z.object({ HostIp: text, HostPort: text })))
  .nullish()
  .transform((bindings) => bindings ?? {});

/** `GET /containers/{id}/json`. */
export const containerAnswer = z.object({
  Id: containerIdSchema,
  Name: z.string(),
  Image: imageIdSchema,
  Created: text,
  Path: text,
  Args: listOf(z.string()),
  RestartCount: number,
  State: z.object({
    Status: z.string(),
    OOMKilled: flag,
    Pid: number,
    ExitCode: number,
    StartedAt: text,
    FinishedAt: text,
    Health: z.object({ Status: text, FailingStreak: number, Log: listOf(probe) }).nullish(),
  }),
  Config: z.object({
    Image: text,
    Env: listOf(z.string()),
    Labels: textMap,
    User: text,
    StopTimeout: z.number().nullish(),
    Healthcheck: healthCheckAnswer,
  }),
  HostConfig: z.object({
    NetworkMode: text,
    PidMode: text,
    IpcMode: text,
    Privileged: flag,
    ReadonlyRootfs: flag,
    AutoRemove: flag,
    CapAdd: listOf(z.string()),
    CapDrop: listOf(z.string()),
    SecurityOpt: listOf(z.string()),
    Devices: listOf(z.object({ PathOnHost: text })),
    RestartPolicy: z.object({ Name: text, MaximumRetryCount: number }).nullish(),
    LogConfig: z.object({ Type: text, Config: z.record(z.string(), z.string()).nullish() }).nullish(),
    PortBindings: portBindings,
    VolumesFrom: listOf(z.string()),
    Memory: positive,
    MemoryReservation: positive,
    NanoCpus: positive,
    CpuQuota: positive,
    CpuPeriod: positive,
    CpuShares: positive,
    PidsLimit: positive,
  }),
  Mounts: listOf(mount),
  NetworkSettings: z
    .object({
      Ports: portBindings,
      Networks: z
        .record(
          z.string(),
          z.object({ NetworkID: text, IPAddress: text, GlobalIPv6Address: text }).nullable(),
        )
        .nullish(),
    })
    .nullish(),
});
export type ContainerAnswer = z.output<typeof containerAnswer>;
export type MountAnswer = z.output<typeof mount>;
