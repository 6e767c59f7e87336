/**
 * A container's blueprint as a `docker create` command, for people who have nothing else. What the command line cannot
 * say, or this table does not know, is named, so that nobody takes the container for whole.
 */
import type { ContainerBlueprint } from "@shipkeeper/model";
import { shellVariable, shellWord } from "./shell.ts";
import { SEALED } from "./secrets.ts";
import { isRecord, textOf, type Settings } from "./settings.ts";

export interface CreateCommand {
  /** `docker create` and its arguments, each a word as a shell reads it; the image is the last one before the command. */
  readonly words: readonly string[];
  /** `docker network connect …` for each network but the first. */
  readonly connect: readonly (readonly string[])[];
  /** Shell variables that hold what was taken out of its environment. */
  readonly secrets: readonly { readonly shell: string; readonly variable: string }[];
  /** Settings that the command does not make. */
  readonly left: readonly string[];
}

/** The words of one setting; undefined where this value cannot be said. */
type Flag = (value: unknown) => readonly string[] | undefined;

const text =
  (name: string): Flag =>
  (value) =>
    typeof value === "string" ? [name, shellWord(value)] : undefined;
const number =
  (name: string): Flag =>
  (value) =>
    typeof value === "number" ? [name, String(value)] : undefined;
const yes =
  (name: string): Flag =>
  (value) =>
    value === true ? [name] : undefined;
const each =
  (name: string): Flag =>
  (value) =>
    isTexts(value) ? value.flatMap((one) => [name, shellWord(one)]) : undefined;
const pairs =
  (name: string, join = "="): Flag =>
  (value) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([key, one]) => [name, shellWord(`${key}${join}${String(one)}`)])
      : undefined;
/** Meant for the engine itself, or said elsewhere in the command. */
const silent: Flag = () => [];

const CONFIG: Readonly<Record<string, Flag>> = {
  Hostname: text("--hostname"),
  Domainname: text("--domainname"),
  User: text("--user"),
  WorkingDir: text("--workdir"),
  Tty: yes("--tty"),
  OpenStdin: yes("--interactive"),
  StopSignal: text("--stop-signal"),
  StopTimeout: number("--stop-timeout"),
  MacAddress: text("--mac-address"),
  Labels: pairs("--label"),
  Healthcheck: healthFlags,
  ExposedPorts: (value) =>
    isRecord(value) ? Object.keys(value).flatMap((port) => ["--expose", port]) : undefined,
  Volumes: silent,
  Cmd: silent,
  Entrypoint: silent,
  HostConfig: silent,
  AttachStdin: silent,
  AttachStdout: silent,
  AttachStderr: silent,
  StdinOnce: silent,
  ArgsEscaped: silent,
  OnBuild: silent,
  Shell: silent,
};

const HOST_CONFIG: Readonly<Record<string, Flag>> = {
  Binds: each("--volume"),
  Mounts: (value) => (Array.isArray(value) ? allOf(value.map(mountWords)) : undefined),
  Tmpfs: pairs("--tmpfs", ":"),
  VolumesFrom: each("--volumes-from"),
  PortBindings: portFlags,
  PublishAllPorts: yes("--publish-all"),
  RestartPolicy: restartFlags,
  AutoRemove: yes("--rm"),
  Links: each("--link"),
  CapAdd: each("--cap-add"),
  CapDrop: each("--cap-drop"),
  Privileged: yes("--privileged"),
  ReadonlyRootfs: yes("--read-only"),
  SecurityOpt: each("--security-opt"),
  Devices: deviceFlags,
  Dns: each("--dns"),
  DnsSearch: each("--dns-search"),
  DnsOptions: each("--dns-option"),
  ExtraHosts: each("--add-host"),
  GroupAdd: each("--group-add"),
  IpcMode: text("--ipc"),
  PidMode: text("--pid"),
  UTSMode: text("--uts"),
  UsernsMode: text("--userns"),
  CgroupnsMode: text("--cgroupns"),
  CgroupParent: text("--cgroup-parent"),
  Runtime: text("--runtime"),
  Init: yes("--init"),
  ShmSize: number("--shm-size"),
  Sysctls: pairs("--sysctl"),
  Ulimits: ulimitFlags,
  LogConfig: logFlags,
  Memory: number("--memory"),
  MemoryReservation: number("--memory-reservation"),
  MemorySwap: number("--memory-swap"),
  NanoCpus: (value) => (typeof value === "number" ? ["--cpus", String(value / 1e9)] : undefined),
  CpuShares: number("--cpu-shares"),
  CpuPeriod: number("--cpu-period"),
  CpuQuota: number("--cpu-quota"),
  CpusetCpus: text("--cpuset-cpus"),
  CpusetMems: text("--cpuset-mems"),
  PidsLimit: number("--pids-limit"),
  OomScoreAdj: number("--oom-score-adj"),
  OomKillDisable: yes("--oom-kill-disable"),
  StorageOpt: pairs("--storage-opt"),
  NetworkMode: silent,
  MaskedPaths: silent,
  ReadonlyPaths: silent,
  ConsoleSize: silent,
  ContainerIDFile: silent,
  Isolation: silent,
  VolumeDriver: silent,
};

export function dockerCreate(blueprint: ContainerBlueprint): CreateCommand {
  const { name, image, environment, networks } = blueprint;
  const { create } = blueprint;
  const hostConfig = isRecord(create["HostConfig"]) ? create["HostConfig"] : {};
  const config = flagsOf(create, CONFIG, "");
  const host = flagsOf(hostConfig, HOST_CONFIG, "HostConfig.");
  const [first, ...others] = networks;
  const entrypoint = wordsIn(create["Entrypoint"]);
  const command = [...entrypoint.slice(1), ...wordsIn(create["Cmd"])];
  const secret = environment.filter(({ value }) => value === undefined);
  const secrets = secret.map(({ name: variable }) => ({ variable, shell: shellVariable(name, variable) }));
  const mode = typeof hostConfig["NetworkMode"] === "string" ? hostConfig["NetworkMode"] : "default";

  return {
    words: [
      "docker",
      "create",
      "--name",
      shellWord(name),
      "--network",
      shellWord(first?.network ?? mode),
      ...(first === undefined ? [] : endpointFlags(first.endpoint, "--network-alias")),
      ...environment.flatMap(({ name: variable, value }) =>
        value === undefined ? [] : ["--env", shellWord(`${variable}=${value}`)],
      ),
      ...secrets.map(({ shell, variable }) => `\${${shell}:+--env "${variable}=$${shell}"}`),
      ...config.words,
      ...host.words,
      ...(entrypoint[0] === undefined ? [] : ["--entrypoint", shellWord(entrypoint[0])]),
      shellWord(image),
      ...command.map(shellWord),
    ],
    connect: others.map(({ network, endpoint }) => [
      "docker",
      "network",
      "connect",
      ...endpointFlags(endpoint, "--alias"),
      shellWord(network),
      shellWord(name),
    ]),
    secrets,
    left: [...config.left, ...host.left],
  };
}

function flagsOf(settings: Settings, table: Readonly<Record<string, Flag>>, prefix: string) {
  const words: string[] = [];
  const left: string[] = [];
  for (const [key, value] of Object.entries(settings)) {
    if (isUnset(value)) continue;
    const said = Object.hasOwn(table, key) ? table[key]?.(value) : undefined;
    const isWhole = said !== undefined && !JSON.stringify(value).includes(SEALED);
    if (isWhole) words.push(...said);
    else left.push(`${prefix}${key}`);
  }
  return { words, left };
}

/** What the engine writes for "not asked for". */
function isUnset(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.every(isUnset);
  return isRecord(value) && Object.keys(value).length === 0;
}

function endpointFlags(endpoint: Settings, alias: string): string[] {
  const ipam = isRecord(endpoint["IPAMConfig"]) ? endpoint["IPAMConfig"] : {};
  return [
    ...wordsIn(endpoint["Aliases"]).flatMap((one) => [alias, shellWord(one)]),
    ...(text("--ip")(ipam["IPv4Address"]) ?? []),
    ...(text("--ip6")(ipam["IPv6Address"]) ?? []),
  ];
}

function healthFlags(value: unknown): string[] | undefined {
  if (!isRecord(value)) return undefined;
  const [how, ...command] = wordsIn(value["Test"]);
  if (how === "NONE") return ["--no-healthcheck"];
  const asked = how === "CMD-SHELL" ? command.join(" ") : command.map(shellWord).join(" ");
  const span = (name: string, key: string) =>
    typeof value[key] === "number" && value[key] > 0 ? [name, `${value[key]}ns`] : [];
  return [
    ...(how === undefined ? [] : ["--health-cmd", shellWord(asked)]),
    ...span("--health-interval", "Interval"),
    ...span("--health-timeout", "Timeout"),
    ...span("--health-start-period", "StartPeriod"),
    ...(typeof value["Retries"] === "number" && value["Retries"] > 0
      ? ["--health-retries", String(value["Retries"])]
      : []),
  ];
}

function portFlags(value: unknown): string[] | undefined {
  if (!isRecord(value)) return undefined;
  return Object.entries(value).flatMap(([port, bindings]) =>
    (Array.isArray(bindings) ? bindings : []).filter(isRecord).flatMap(({ HostIp, HostPort }) => {
      const address = typeof HostIp === "string" && HostIp !== "" ? `${bracketed(HostIp)}:` : "";
      return ["--publish", shellWord(`${address}${textOf(HostPort)}:${port}`)];
    }),
  );
}

const bracketed = (address: string) => (address.includes(":") ? `[${address}]` : address);

function restartFlags(value: unknown): string[] | undefined {
  if (!isRecord(value) || typeof value["Name"] !== "string") return undefined;
  const { Name, MaximumRetryCount: most } = value;
  if (Name === "" || Name === "no") return [];
  return ["--restart", typeof most === "number" && most > 0 ? `${Name}:${most}` : Name];
}

function mountWords(value: unknown): string[] | undefined {
  if (!isRecord(value)) return undefined;
  const { Type, Source, Target, ReadOnly, Consistency: _consistency, ...rest } = value;
  if (typeof Type !== "string" || typeof Target !== "string" || !Object.values(rest).every(isUnset)) {
    return undefined;
  }
  const source = typeof Source === "string" && Source !== "" ? `,source=${Source}` : "";
  const readOnly = ReadOnly === true ? ",readonly" : "";
  return ["--mount", shellWord(`type=${Type}${source},target=${Target}${readOnly}`)];
}

function deviceFlags(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isRecord).flatMap(({ PathOnHost, PathInContainer, CgroupPermissions }) => {
    const parts = [PathOnHost, PathInContainer, CgroupPermissions].filter((one) => typeof one === "string");
    return ["--device", shellWord(parts.join(":"))];
  });
}

function ulimitFlags(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value
    .filter(isRecord)
    .flatMap(({ Name, Soft, Hard }) => [
      "--ulimit",
      shellWord(`${textOf(Name)}=${String(Soft)}:${String(Hard)}`),
    ]);
}

function logFlags(value: unknown): string[] | undefined {
  if (!isRecord(value) || typeof value["Type"] !== "string" || value["Type"] === "") return undefined;
  return ["--log-driver", value["Type"], ...(pairs("--log-opt")(value["Config"] ?? {}) ?? [])];
}

function allOf(parts: readonly (readonly string[] | undefined)[]): string[] | undefined {
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function wordsIn(value: unknown): string[] {
  return isTexts(value) ? value : [];
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
