/**
 * A container's own configuration, from the engine's word on it to an order for another one like it. What the engine
 * added by itself stays behind: ids, addresses that it chose, names that it made of the id. The rest goes unread from
 * answer to order, so that options of newer engines come along and values of the environment are looked at by nobody.
 */
import * as z from "zod";
import { listOf, text } from "./answer-schemas.ts";

const whatever = z.record(z.string(), z.unknown());

const endpoint = z.object({
  NetworkID: text,
  IPAddress: text,
  MacAddress: text,
  IPAMConfig: whatever.nullish(),
  Links: listOf(z.string()),
  Aliases: listOf(z.string()),
  DriverOpts: whatever.nullish(),
  GwPriority: z.number().nullish(),
});

/** `GET /containers/{id}/json`, as far as another container can be made from it. */
export const configurationAnswer = z.object({
  Id: z.string(),
  Image: z.string(),
  Config: z.looseObject({ Image: text, Hostname: text, MacAddress: text, Volumes: whatever.nullish() }),
  HostConfig: z.looseObject({
    NetworkMode: text,
    Binds: listOf(z.string()),
    Links: listOf(z.string()),
    Mounts: listOf(z.looseObject({ Type: text, Source: text, Target: text })),
  }),
  Mounts: listOf(z.object({ Type: text, Name: text, Destination: text, RW: z.boolean().nullish() })),
  NetworkSettings: z.object({ Networks: z.record(z.string(), endpoint).nullish() }).nullish(),
});
export type ConfigurationAnswer = z.output<typeof configurationAnswer>;
type Endpoint = z.output<typeof endpoint>;

export interface CopyOrder {
  /** The body of `POST /containers/create`. */
  readonly create: Readonly<Record<string, unknown>>;
  /** Networks that it has to be connected to afterwards, each with the body of `POST /networks/{id}/connect`. */
  readonly connect: readonly {
    readonly network: string;
    readonly endpoint: Readonly<Record<string, unknown>>;
  }[];
}

export interface CopyOptions {
  /** Whether the image's name still means the image that the container was made from. */
  readonly nameIsSame: boolean;
  /** From API 1.44 on a container can be created in several networks at once. */
  readonly manyNetworks: boolean;
}

export function copyConfiguration(answer: ConfigurationAnswer, options: CopyOptions): CopyOrder {
  const { Config, HostConfig } = answer;
  const { NetworkMode } = HostConfig;
  const networks = joinsOther(NetworkMode) ? [] : Object.entries(answer.NetworkSettings?.Networks ?? {});
  const endpoints = networks.map(([network, joined]) => ({
    network,
    isFirst: isNetwork(network, joined, NetworkMode),
    endpoint: copyEndpoint(network, joined, answer, options),
  }));
  const atOnce = options.manyNetworks ? endpoints : endpoints.filter(({ isFirst }) => isFirst);
  const later = endpoints.filter((one) => !atOnce.includes(one));

  return {
    create: {
      ...copyConfig(answer, options),
      HostConfig: {
        ...HostConfig,
        Binds: [...HostConfig.Binds, ...anonymousBinds(answer)],
        Mounts: HostConfig.Mounts.map((mount) => withSource(mount, answer)),
        Links: HostConfig.Links.map(readableLink),
      },
      NetworkingConfig: {
        EndpointsConfig: Object.fromEntries(atOnce.map(({ network, endpoint }) => [network, endpoint])),
      },
    },
    connect: later.map(({ network, endpoint }) => ({ network, endpoint })),
  };

  function copyConfig({ Id, Image }: ConfigurationAnswer, { nameIsSame }: CopyOptions) {
    const { Hostname, MacAddress, ...rest } = Config;
    return {
      ...rest,
      // By its name, so that the copy has a tag as well; by its id where the tag has moved on: this is no update.
      Image: nameIsSame ? Config.Image : Image,
      // The engine names a container after its id where nobody did, and refuses a name where the network is another's.
      ...(Hostname !== "" && !Id.startsWith(Hostname) && !joinsOther(NetworkMode) && { Hostname }),
      ...(MacAddress !== "" && !options.manyNetworks && { MacAddress }),
    };
  }
}

/** Networks that are not the container's own: those of the host, of another container, or none. */
function joinsOther(networkMode: string): boolean {
  return networkMode === "host" || networkMode === "none" || networkMode.startsWith("container:");
}

function isNetwork(name: string, { NetworkID }: Endpoint, networkMode: string): boolean {
  const isDefault = networkMode === "" || networkMode === "default";
  return name === (isDefault ? "bridge" : networkMode) || NetworkID === networkMode;
}

function copyEndpoint(
  network: string,
  { IPAMConfig, Links, Aliases, DriverOpts, GwPriority, MacAddress, IPAddress }: Endpoint,
  { Id, Config }: ConfigurationAnswer,
  { manyNetworks }: CopyOptions,
): Record<string, unknown> {
  const aliases = Aliases.filter((alias) => !Id.startsWith(alias));
  const wantsMac = manyNetworks && (Config.MacAddress !== "" || !isMadeOf(MacAddress, IPAddress));
  return {
    ...(IPAMConfig && { IPAMConfig }),
    ...(DriverOpts && { DriverOpts }),
    ...(Links.length > 0 && { Links: Links.map(readableLink) }),
    // The default network has no names, and refuses them.
    ...(aliases.length > 0 && network !== "bridge" && { Aliases: aliases }),
    ...(wantsMac && MacAddress !== "" && { MacAddress }),
    ...(GwPriority && { GwPriority }),
  };
}

/** Whether the engine made a hardware address itself: `02:42` and the four bytes of the address. */
function isMadeOf(macAddress: string, address: string): boolean {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return macAddress.toLowerCase() === ["02", "42", ...bytes].join(":");
}

/** `/db:/web/alias`, as the engine writes a link, is `db:alias` in an order. */
function readableLink(link: string): string {
  const [from = "", to = ""] = link.split(":");
  return to === "" ? link : `${from.replace(/^\//, "")}:${to.slice(to.lastIndexOf("/") + 1)}`;
}

/**
 * Volumes without a name are no part of the order that they came with. Without this the copy would begin with empty
 * ones, and the old ones would be orphans.
 */
function anonymousBinds({ Config, HostConfig, Mounts }: ConfigurationAnswer): string[] {
  const asked = new Set(Object.keys(Config.Volumes ?? {}).map(withoutSlash));
  const named = new Set([
    ...HostConfig.Binds.map((bind) => withoutSlash(bind.split(":")[1] ?? "")),
    ...HostConfig.Mounts.map(({ Target }) => withoutSlash(Target)),
  ]);
  return Mounts.filter(({ Type, Name, Destination }) => {
    const at = withoutSlash(Destination);
    return Type === "volume" && Name !== "" && asked.has(at) && !named.has(at);
  }).map(({ Name, Destination, RW }) => `${Name}:${Destination}${RW === false ? ":ro" : ""}`);
}

/** `--mount type=volume,target=/data` is another way to ask for a volume without a name. */
function withSource(
  mount: ConfigurationAnswer["HostConfig"]["Mounts"][number],
  { Mounts }: ConfigurationAnswer,
): Record<string, unknown> {
  if (mount.Type !== "volume" || mount.Source !== "") return mount;
  const made = Mounts.find(({ Destination }) => withoutSlash(Destination) === withoutSlash(mount.Target));
  return made === undefined || made.Name === "" ? mount : { ...mount, Source: made.Name };
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
