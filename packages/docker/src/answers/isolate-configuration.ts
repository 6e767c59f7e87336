/**
 * From the engine's word on a container to an order for one that runs the same program on other data, apart from
 * everything that is real. What may come along is listed here; whatever is not, stays behind: mounts, networks, ports,
 * devices, privileges, labels that others act on, log drivers that send. Values of the environment are looked at by nobody.
 */
import * as z from "zod";
import type { Isolation } from "../engine.ts";
import { flag, listOf, text } from "./answer-schemas.ts";

const whatever = z.record(z.string(), z.unknown());

/** `GET /containers/{id}/json`, as far as an isolated container can be made from it. */
export const isolableAnswer = z.object({
  Id: z.string(),
  Image: z.string(),
  Config: z.looseObject({ Hostname: text }),
  HostConfig: z.looseObject({
    CapAdd: listOf(z.string()),
    CapDrop: listOf(z.string()),
    SecurityOpt: listOf(z.string()),
    Mounts: listOf(z.looseObject({ Type: text })),
    NetworkMode: text,
    Tmpfs: whatever.nullish(),
    ReadonlyRootfs: flag,
  }),
});
export type IsolableAnswer = z.output<typeof isolableAnswer>;

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
const SURROUNDINGS = ["ShmSize", "Ulimits", "Init", "GroupAdd", "Runtime"] as const;

/** Capabilities, beyond the engine's usual ones, that databases ask for and that reach nothing outside the container. */
const HARMLESS_CAPABILITIES: ReadonlySet<string> = new Set(["IPC_LOCK", "SYS_NICE"]);

const LOG_FILE = { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } } as const;

/** The body of `POST /containers/create`. */
export function isolateConfiguration(
  { Id, Image, Config, HostConfig }: IsolableAnswer,
  { network, volumes, labels, memoryBytes, nanoCpus, pids }: Isolation,
): Readonly<Record<string, unknown>> {
  const { Hostname } = Config;
  const isItsOwn = Hostname !== "" && !Id.startsWith(Hostname) && !sharesNetwork(HostConfig.NetworkMode);
  return {
    ...pick(Config, PROGRAM),
    ...(isItsOwn && { Hostname }),
    // By its id: a tag may have moved on, and nothing is pulled.
    Image,
    Labels: labels,
    HostConfig: {
      ...pick(HostConfig, SURROUNDINGS),
      ReadonlyRootfs: HostConfig.ReadonlyRootfs,
      CapAdd: HostConfig.CapAdd.filter((name) => HARMLESS_CAPABILITIES.has(name.replace(/^CAP_/, ""))),
      CapDrop: HostConfig.CapDrop,
      SecurityOpt: HostConfig.SecurityOpt.filter((option) => !/unconfined|disable/.test(option)),
      ...(HostConfig.Tmpfs && { Tmpfs: HostConfig.Tmpfs }),
      NetworkMode: network,
      Mounts: [
        ...HostConfig.Mounts.filter(({ Type }) => Type === "tmpfs"),
        ...Array.from(volumes, ([Target, Source]) => ({ Type: "volume", Source, Target })),
      ],
      RestartPolicy: { Name: "no" },
      LogConfig: LOG_FILE,
      Memory: memoryBytes,
      // Without this it could use as much swap again.
      MemorySwap: memoryBytes,
      NanoCpus: nanoCpus,
      PidsLimit: pids,
    },
    NetworkingConfig: { EndpointsConfig: { [network]: {} } },
  };
}

function sharesNetwork(networkMode: string): boolean {
  return networkMode === "host" || networkMode.startsWith("container:");
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (name in from ? [[name, from[name]]] : [])));
}
