import { maskSecrets, parseInstant } from "@shipkeeper/kit";
import {
  type Container,
  type ContainerState,
  containerStateSchema,
  type Mount,
  mountSchema,
} from "@shipkeeper/model";
import type { ContainerAnswer, MountAnswer } from "./container-answer.ts";
import { defined } from "../defined.ts";
import { readHealthCheck } from "./read-health-check.ts";

/** The default period of `--cpu-quota`, in microseconds. */
const DEFAULT_CPU_PERIOD = 100_000;

/** The engine's word on a container, in ours. Environment values stay behind: only names are read. */
export function readContainer(answer: ContainerAnswer): Container {
  const { State, Config, HostConfig } = answer;
  const state = readState(State.Status);
  const healthCheck = readHealthCheck(Config.Healthcheck);
  const hasEnded = state === "exited" || state === "dead" || state === "restarting";

  return {
    id: answer.Id,
    name: answer.Name.replace(/^\//, ""),
    imageId: answer.Image,
    image: Config.Image,
    command: [answer.Path, ...answer.Args],
    environment: Config.Env.map(variableName),
    labels: Config.Labels,

    state,
    ...defined({
      createdAt: parseInstant(answer.Created),
      startedAt: parseInstant(State.StartedAt),
      finishedAt: parseInstant(State.FinishedAt),
      exitCode: hasEnded ? State.ExitCode : undefined,
      pid: State.Pid > 0 ? State.Pid : undefined,
      healthCheck,
      stopTimeoutSeconds: atLeastZero(Config.StopTimeout),
      ...readOrchestrator(Config.Labels),
    }),
    oomKilled: State.OOMKilled,
    restartCount: answer.RestartCount,
    health: readHealth(State.Health, environmentValues(answer)),
    restartPolicy: {
      name: HostConfig.RestartPolicy?.Name || "no",
      maximumRetries: HostConfig.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    autoRemove: HostConfig.AutoRemove,

    // The engine lists them in another order each time, and an inventory that differs is sent again.
    mounts: answer.Mounts.map(readMount).toSorted(byDestination),
    ...(HostConfig.VolumesFrom.length > 0 && { volumesFrom: HostConfig.VolumesFrom.map(withoutMode) }),
    networks: Object.entries(answer.NetworkSettings?.Networks ?? {}).map(([name, network]) => ({
      name,
      id: network?.NetworkID ?? "",
      address: network?.IPAddress || network?.GlobalIPv6Address || "",
    })),
    ports: readPorts(answer),
    limits: readLimits(HostConfig),
    user: Config.User,
    privileges: {
      privileged: HostConfig.Privileged,
      capAdd: HostConfig.CapAdd,
      capDrop: HostConfig.CapDrop,
      networkMode: HostConfig.NetworkMode,
      pidMode: HostConfig.PidMode,
      ipcMode: HostConfig.IpcMode,
      readOnlyRootfs: HostConfig.ReadonlyRootfs,
      securityOptions: HostConfig.SecurityOpt,
      devices: HostConfig.Devices.map((device) => device.PathOnHost),
    },
    logDriver: HostConfig.LogConfig?.Type ?? "",
    logRotation: readLogRotation(HostConfig.LogConfig?.Config ?? {}),
  };
}

/** Only the two options of rotation: others hold addresses and tokens of log servers. */
function readLogRotation(options: Record<string, string>): Container["logRotation"] {
  return defined({ maxSize: options["max-size"], maxFile: options["max-file"] });
}

function readState(status: string): ContainerState {
  return containerStateSchema.safeParse(status).data ?? "unknown";
}

/** `secret` of `TOKEN=secret`. Must never leave the host. */
export function environmentValues({ Config }: ContainerAnswer): string[] {
  return Config.Env.flatMap((assignment) => {
    const equals = assignment.indexOf("=");
    return equals === -1 ? [] : [assignment.slice(equals + 1)];
  });
}

/** `TOKEN` of `TOKEN=secret`. */
function variableName(assignment: string): string {
  return assignment.split("=", 1)[0] ?? "";
}

/** What a health check printed may hold a secret, and goes wherever the inventory goes. */
function readHealth(
  health: ContainerAnswer["State"]["Health"],
  secrets: readonly string[],
): Container["health"] {
  if (health === undefined || health === null) return { status: "none", failingStreak: 0, log: [] };
  const { Status: status } = health;
  return {
    status: status === "healthy" || status === "unhealthy" || status === "starting" ? status : "none",
    failingStreak: Math.max(0, health.FailingStreak),
    log: health.Log.map((probe) => ({
      ...defined({ startedAt: parseInstant(probe.Start), endedAt: parseInstant(probe.End) }),
      exitCode: probe.ExitCode,
      output: maskSecrets(probe.Output, secrets),
    })),
  };
}

/** Who made the container, as compose, swarm and the Kubernetes shim write it into labels. */
function readOrchestrator(
  labels: Readonly<Record<string, string>>,
): Pick<Container, "compose" | "swarm" | "kubernetes"> {
  const project = labels["com.docker.compose.project"];
  const service = labels["com.docker.compose.service"];
  const swarmService = labels["com.docker.swarm.service.name"] ?? labels["com.docker.swarm.service.id"];
  const task = labels["com.docker.swarm.task.name"] ?? labels["com.docker.swarm.task.id"];
  const pod = labels["io.kubernetes.pod.name"];

  return defined({
    compose:
      project !== undefined && service !== undefined
        ? { project, service, number: labels["com.docker.compose.container-number"] ?? "1" }
        : undefined,
    swarm: swarmService !== undefined && task !== undefined ? { service: swarmService, task } : undefined,
    kubernetes:
      pod === undefined
        ? undefined
        : {
            namespace: labels["io.kubernetes.pod.namespace"] ?? "",
            pod,
            container: labels["io.kubernetes.container.name"] ?? "",
          },
  });
}

/** No two mounts of a container are at the same place. */
function byDestination(a: Mount, b: Mount): number {
  return a.destination < b.destination ? -1 : 1;
}

function readMount(mount: MountAnswer): Mount {
  const type = mountSchema.shape.type.safeParse(mount.Type).data ?? "unknown";
  return {
    type,
    ...defined({ volume: type === "volume" && mount.Name !== "" ? mount.Name : undefined }),
    source: mount.Source,
    destination: mount.Destination,
    readOnly: !mount.RW,
  };
}

/** `data` of `data:ro`. */
function withoutMode(volumesFrom: string): string {
  return volumesFrom.split(":", 1)[0] ?? "";
}

/** The ports in force, or, while the container does not run and has none, those that it asked for. */
function readPorts({ NetworkSettings, HostConfig }: ContainerAnswer): Container["ports"] {
  const inForce = NetworkSettings?.Ports ?? {};
  const ports = Object.keys(inForce).length > 0 ? inForce : HostConfig.PortBindings;

  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [port, protocol = "tcp"] = key.split("/");
    const container = Number(port);
    if (!Number.isInteger(container)) return [];
    if (bindings.length === 0) return [{ container, protocol }];
    return bindings.map((binding) => ({
      container,
      protocol,
      ...defined({
        hostAddress: binding.HostIp || undefined,
        host: /^\d+$/.test(binding.HostPort) ? Number(binding.HostPort) : undefined,
      }),
    }));
  });
}

function readLimits(config: ContainerAnswer["HostConfig"]): Container["limits"] {
  const { CpuQuota, CpuPeriod = DEFAULT_CPU_PERIOD } = config;
  // `--cpus` and `--cpu-quota` are two spellings of one limit, and the engine keeps whichever was used.
  const quotaNanoCpus = CpuQuota === undefined ? undefined : Math.round((CpuQuota / CpuPeriod) * 1e9);
  return defined({
    memoryBytes: config.Memory,
    memoryReservationBytes: config.MemoryReservation,
    nanoCpus: config.NanoCpus ?? quotaNanoCpus,
    cpuShares: config.CpuShares,
    pids: config.PidsLimit,
  });
}

function atLeastZero(value: number | undefined | null): number | undefined {
  return value === undefined || value === null || value < 0 ? undefined : value;
}
