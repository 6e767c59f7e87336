/**
 * What of a container may come along where its program is run apart from everything that is real. It is listed here;
 * whatever is not, stays behind: mounts, networks, ports, devices, privileges, labels that others act on, log drivers that
 * send. In the engine's own words, which go unread where they are no concern of ours.
 */

/** What the program may use at most. */
export interface IsolationLimits {
  readonly memoryBytes: number;
  /** Billionths of a processor. */
  readonly nanoCpus: number;
  readonly pids: number;
}

type Settings = Readonly<Record<string, unknown>>;

/** Parts of a container's own configuration that say what runs in it, and how it is known to be well. */
const PROGRAM = [
  "Env",
  "Cmd",
  "Entrypoint",
  "User",
  "WorkingDir",
  "Shell",
  "Healthcheck",
  "StopSignal",
  "StopTimeout",
  "Tty",
  "OpenStdin",
  "StdinOnce",
  "Domainname",
] as const;

/** Parts of its surroundings that end at the container itself. */
const SURROUNDINGS = ["ShmSize", "Ulimits", "Init", "GroupAdd", "Runtime", "ReadonlyRootfs"] as const;

/** Capabilities, beyond the engine's usual ones, that databases ask for and that reach nothing outside the container. */
const HARMLESS_CAPABILITIES: ReadonlySet<string> = new Set(["IPC_LOCK", "SYS_NICE"]);

const LOG_FILE = { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } } as const;

/** Of the body of `POST /containers/create` the keys beside `HostConfig`. Values of the environment are looked at by nobody. */
export function isolateProgram(config: Settings): Record<string, unknown> {
  return pick(config, PROGRAM);
}

/** `HostConfig` but for networks and mounts of volumes. */
export function isolateSurroundings(
  host: Settings,
  { memoryBytes, nanoCpus, pids }: IsolationLimits,
): Record<string, unknown> & { readonly Mounts: readonly Settings[] } {
  const isHarmless = (name: string) => HARMLESS_CAPABILITIES.has(name.replace(/^CAP_/, ""));
  return {
    ...pick(host, SURROUNDINGS),
    CapAdd: textsOf(host["CapAdd"]).filter(isHarmless),
    CapDrop: textsOf(host["CapDrop"]),
    SecurityOpt: textsOf(host["SecurityOpt"]).filter((option) => !/unconfined|disable/.test(option)),
    ...(isSettings(host["Tmpfs"]) && { Tmpfs: host["Tmpfs"] }),
    Mounts: listOf(host["Mounts"])
      .filter(isSettings)
      .filter(({ Type }) => Type === "tmpfs"),
    RestartPolicy: { Name: "no" },
    LogConfig: LOG_FILE,
    Memory: memoryBytes,
    // Without this it could use as much swap again.
    MemorySwap: memoryBytes,
    NanoCpus: nanoCpus,
    PidsLimit: pids,
  };
}

function pick(from: Settings, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, from[name]]] : [])));
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textsOf = (value: unknown) => listOf(value).filter((one) => typeof one === "string");

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
