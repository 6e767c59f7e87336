import type Docker from "dockerode";
import { unreachable } from "@shipkeeper/kit";
import type { LabHost } from "../fleet/lab-host.ts";
import { waitUntil } from "../wait-until.ts";
import { type Behaviour, programFor } from "./behaviour.ts";
import { engineHealthcheck, type Healthcheck } from "./forge-image.ts";

export interface ContainerSpec {
  /** Tag or id of an image that the host holds and that has a shell, such as one on `busyboxLayer()`. */
  image: string;
  name?: string;
  /** Default: running. */
  behaves?: Behaviour;
  /** Instead of the program that the behaviour brings. */
  command?: readonly string[];
  labels?: Readonly<Record<string, string>>;
  env?: Readonly<Record<string, string>>;
  limits?: Limits;
  mounts?: readonly Mount[];
  /** As compose labels what it starts, `dependsOn` being services that must be healthy before; `oneOff` as `docker compose run` does, whose containers no `up` starts again. */
  compose?: {
    project: string;
    service: string;
    number?: number;
    oneOff?: boolean;
    dependsOn?: readonly string[];
  };
  restart?: "no" | "always" | "unless-stopped" | "on-failure";
  /** Instead of the behaviour's; a behaviour that needs none leaves the image's. */
  healthcheck?: Healthcheck;
  /** Pause between two health checks of the behaviour. */
  healthIntervalMs?: number;
  user?: string;
  /** How long it is given to end before it is killed; the engine's ten seconds where left out. */
  stopTimeoutSeconds?: number;
  networkMode?: string;
  /** The engine's default where left out. */
  logDriver?: string;
  /** Options of the log driver `json-file`; without any the container logs by the engine's own settings. */
  logOptions?: Readonly<Record<string, string>>;
  /** False returns as soon as the container is started, before it behaves as it shall. */
  settle?: boolean;
}

export interface Limits {
  memoryBytes?: number;
  cpus?: number;
  pids?: number;
}

export type Mount =
  | { volume: string; target: string; readOnly?: boolean }
  | { anonymousAt: string }
  | { bind: string; target: string; readOnly?: boolean };

export interface LabContainer {
  readonly id: string;
  readonly name: string;
  /** Asks the engine for this container. */
  readonly handle: Docker.Container;
  /** The engine's word for its state now: `running`, `exited`, ... */
  state(): Promise<string>;
  /** The engine's word for its health now; undefined without a health check. */
  health(): Promise<string | undefined>;
}

const SETTLE_MS = 30_000;

/**
 * Creates a container that behaves as told, and waits until it does.
 *
 * @throws DeadlinePassed when it does not get there, or the engine's refusal.
 */
export async function runContainer(host: LabHost, spec: ContainerSpec): Promise<LabContainer> {
  const behaves = spec.behaves ?? { kind: "running" };
  const handle = await host.engine.createContainer(createOptions(spec, behaves));
  if (behaves.kind !== "created") await handle.start();
  if (behaves.kind === "paused") await handle.pause();

  if (spec.settle !== false) {
    await waitUntil(async () => hasSettled(behaves, (await handle.inspect()).State), {
      what: `container ${spec.name ?? handle.id} on ${host.name} to be ${behaves.kind}`,
      deadlineMs: SETTLE_MS,
    });
  }
  const { Name } = await handle.inspect();
  return {
    id: handle.id,
    name: Name.slice(1),
    handle,
    state: async () => (await handle.inspect()).State.Status,
    health: async () => (await handle.inspect()).State.Health?.Status,
  };
}

type State = Docker.ContainerInspectInfo["State"];

function hasSettled(behaves: Behaviour, state: State): boolean {
  switch (behaves.kind) {
    case "running":
      return state.Running;
    case "healthy":
      return state.Health?.Status === "healthy";
    case "mends-on-restart":
    case "never-healthy":
      return state.Health?.Status === "unhealthy";
    case "needs":
      return state.Health !== undefined && state.Health.Status !== "starting";
    case "exited":
      return state.Status === "exited" && state.ExitCode === behaves.code;
    case "created":
      return state.Status === "created";
    case "paused":
      return state.Paused;
    case "restart-looping":
      return state.Restarting;
    default:
      return unreachable(behaves);
  }
}

function createOptions(spec: ContainerSpec, behaves: Behaviour): Docker.ContainerCreateOptions {
  const program = programFor(behaves, { intervalMs: spec.healthIntervalMs ?? 1000 });
  const healthcheck = spec.healthcheck ?? program.healthcheck;
  const restart = spec.restart ?? program.restart ?? "no";

  return {
    ...(spec.name === undefined ? {} : { name: spec.name }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
    ...(spec.stopTimeoutSeconds === undefined ? {} : { StopTimeout: spec.stopTimeoutSeconds }),
    ...(healthcheck === undefined ? {} : { Healthcheck: engineHealthcheck(healthcheck) }),
    Image: spec.image,
    Entrypoint: [],
    Cmd: [...(spec.command ?? program.command)],
    Labels: { ...composeLabels(spec.compose), ...spec.labels },
    Env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      RestartPolicy: { Name: restart },
      Mounts: (spec.mounts ?? []).map(mountSettings),
      NetworkMode: spec.networkMode ?? "default",
      ...(spec.logDriver === undefined ? {} : { LogConfig: { Type: spec.logDriver, Config: {} } }),
      ...(spec.logOptions === undefined ? {} : { LogConfig: { Type: "json-file", Config: spec.logOptions } }),
      ...limitSettings(spec.limits),
    },
  };
}

function limitSettings({ memoryBytes, cpus, pids }: Limits = {}): Docker.HostConfig {
  return {
    ...(memoryBytes === undefined ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(cpus === undefined ? {} : { NanoCpus: cpus * 1e9 }),
    ...(pids === undefined ? {} : { PidsLimit: pids }),
  };
}

function mountSettings(mount: Mount): Docker.MountSettings {
  if ("anonymousAt" in mount) return { Type: "volume", Source: "", Target: mount.anonymousAt };
  const common = { Target: mount.target, ReadOnly: mount.readOnly ?? false };
  if ("volume" in mount) return { Type: "volume", Source: mount.volume, ...common };
  return { Type: "bind", Source: mount.bind, ...common };
}

function composeLabels(compose: ContainerSpec["compose"]): Record<string, string> {
  if (compose === undefined) return {};
  return {
    "com.docker.compose.project": compose.project,
    "com.docker.compose.service": compose.service,
    "com.docker.compose.container-number": String(compose.number ?? 1),
    "com.docker.compose.oneoff": compose.oneOff === true ? "True" : "False",
    ...(compose.dependsOn !== undefined && {
      "com.docker.compose.depends_on": compose.dependsOn
        .map((service) => `${service}:service_healthy:false`)
        .join(","),
    }),
  };
}
