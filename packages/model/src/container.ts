import * as z from "zod";
import { containerIdSchema, countSchema, imageIdSchema, instantSchema, labelsSchema } from "./ids.ts";

export const containerStateSchema = z.enum([
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
  "unknown",
]);
export type ContainerState = z.infer<typeof containerStateSchema>;

/** One answer of a health check. The engine keeps the last five and cuts each output at 4,096 bytes. */
const healthProbeSchema = z.object({
  startedAt: instantSchema.optional(),
  endedAt: instantSchema.optional(),
  exitCode: z.int(),
  output: z.string(),
});

export const healthStatusSchema = z.enum(["none", "starting", "healthy", "unhealthy"]);
export type HealthStatus = z.infer<typeof healthStatusSchema>;

const healthSchema = z.object({
  /** `none` where the container has no health check. */
  status: healthStatusSchema,
  failingStreak: countSchema,
  /** When the agent first saw it unhealthy without a healthy answer since; from the ledger. */
  unhealthySince: instantSchema.optional(),
  /** When the engine was asked: one look may be fresh for some containers and old for others. */
  readAt: instantSchema.optional(),
  log: z.array(healthProbeSchema),
});

/** The health check in force, with the engine's defaults filled in. All times in milliseconds. */
export const healthCheckSchema = z.object({
  test: z.array(z.string()),
  intervalMs: countSchema,
  timeoutMs: countSchema,
  startPeriodMs: countSchema,
  retries: countSchema,
});
export type HealthCheck = z.infer<typeof healthCheckSchema>;

export const mountSchema = z.object({
  type: z.enum(["volume", "bind", "tmpfs", "npipe", "cluster", "image", "unknown"]),
  /** The volume's name, for a mount of type `volume`. */
  volume: z.string().optional(),
  /** The path on the host; empty for tmpfs. */
  source: z.string(),
  destination: z.string(),
  readOnly: z.boolean(),
});
export type Mount = z.infer<typeof mountSchema>;

/** What a container may use; absent where it is not limited. */
const limitsSchema = z.object({
  memoryBytes: countSchema.optional(),
  memoryReservationBytes: countSchema.optional(),
  /** Billionths of a processor. */
  nanoCpus: countSchema.optional(),
  cpuShares: countSchema.optional(),
  pids: countSchema.optional(),
});

/** What a container may do beyond an ordinary process. */
const privilegesSchema = z.object({
  privileged: z.boolean(),
  capAdd: z.array(z.string()),
  capDrop: z.array(z.string()),
  networkMode: z.string(),
  pidMode: z.string(),
  ipcMode: z.string(),
  readOnlyRootfs: z.boolean(),
  securityOptions: z.array(z.string()),
  devices: z.array(z.string()),
});

export const containerSchema = z.object({
  id: containerIdSchema,
  name: z.string(),
  imageId: imageIdSchema,
  /** The image as the container was asked for: a tag, a digest or an id. */
  image: z.string(),
  /** Entry point and arguments. */
  command: z.array(z.string()),
  /** Names only: environment values never leave the host. */
  environment: z.array(z.string()),
  labels: labelsSchema,
  owner: z.string().optional(),

  state: containerStateSchema,
  createdAt: instantSchema.optional(),
  startedAt: instantSchema.optional(),
  finishedAt: instantSchema.optional(),
  exitCode: z.int().optional(),
  oomKilled: z.boolean(),
  restartCount: countSchema,
  /** The process id of the container's first process on the host; absent while it does not run. */
  pid: countSchema.optional(),
  health: healthSchema,
  healthCheck: healthCheckSchema.optional(),
  restartPolicy: z.object({ name: z.string(), maximumRetries: countSchema }),
  autoRemove: z.boolean(),
  stopTimeoutSeconds: countSchema.optional(),

  compose: z.object({ project: z.string(), service: z.string(), number: z.string() }).optional(),
  swarm: z.object({ service: z.string(), task: z.string() }).optional(),
  kubernetes: z.object({ namespace: z.string(), pod: z.string(), container: z.string() }).optional(),

  mounts: z.array(mountSchema),
  /** Names or ids of the containers whose mounts it shares, as it was asked for; absent where there are none. */
  volumesFrom: z.array(z.string()).optional(),
  networks: z.array(z.object({ name: z.string(), id: z.string(), address: z.string() })),
  ports: z.array(
    z.object({
      container: countSchema,
      protocol: z.string(),
      hostAddress: z.string().optional(),
      host: countSchema.optional(),
    }),
  ),
  limits: limitsSchema,
  user: z.string(),
  privileges: privilegesSchema,
  logDriver: z.string(),
  /** The log driver's options `max-size` and `max-file`, as they are set. Absent where the agent did not read them. */
  logRotation: z.object({ maxSize: z.string().optional(), maxFile: z.string().optional() }).optional(),
  /** Bytes that the container wrote over its image; absent where it was not measured. */
  writableBytes: countSchema.optional(),
  /** Bytes of the log files that the engine keeps of it, rotated ones too; absent where they were not measured. */
  logBytes: countSchema.optional(),
});
export type Container = z.infer<typeof containerSchema>;

/**
 * What stays the same when a container is recreated: its compose project, service and number, else its name.
 * Budgets are kept by it, so that recreating a container does not refill them.
 */
export function containerIdentity(container: Pick<Container, "compose" | "name">): string {
  const { compose, name } = container;
  return compose === undefined
    ? `name:${name}`
    : `compose:${compose.project}/${compose.service}/${compose.number}`;
}

/** What the engine gives a container to end where nobody names a time, in seconds. */
export const DEFAULT_STOP_SECONDS = 10;

/** Whether a container's processes exist: paused ones do, restarting ones may in a moment. */
export function isAlive(container: Pick<Container, "state">): boolean {
  return container.state === "running" || container.state === "paused" || container.state === "restarting";
}
