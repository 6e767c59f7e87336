/** One container of a kept host as it is tried: its program, on volumes and in networks that are made for the try. */
import {
  isolateProgram,
  isolateSurroundings,
  type IsolationLimits,
  type Joining,
  type Labels,
} from "@shipkeeper/model";
import type { RecordedContainer } from "./host-configuration.ts";
import { hostOf, type RecordedMount } from "./recorded-mounts.ts";
import type { ScratchNames } from "./scratch-names.ts";
import { textOf, textsOf } from "./settings.ts";

export interface ScratchContainerTerms {
  readonly names: ScratchNames;
  readonly labels: Labels;
  readonly limits: IsolationLimits;
  /** Paths of the lost host that are restored. */
  readonly folders: ReadonlySet<string>;
  readonly byName: ReadonlyMap<string, RecordedContainer>;
  /** Name of a container → further names by which others know it. */
  readonly linked: ReadonlyMap<string, readonly string[]>;
  readonly mounts: readonly RecordedMount[];
}

export function scratchContainer(
  recorded: RecordedContainer,
  terms: ScratchContainerTerms,
): RecordedContainer {
  const { names, labels, limits, byName, mounts, folders } = terms;
  const { blueprint, needs } = recorded;
  const { create } = blueprint;
  const networks = scratchJoinings(recorded, terms);
  const lender = networkLender(recorded, byName);
  const [first] = networks;
  const surroundings = isolateSurroundings(hostOf(recorded), limits);
  return {
    ...recorded,
    needs: needs.filter((name) => byName.has(name)).map(names.container),
    blueprint: {
      name: names.container(blueprint.name),
      // By its id: a name may mean another image on the other host.
      image: blueprint.imageId,
      imageId: blueprint.imageId,
      environment: blueprint.environment,
      create: {
        ...isolateProgram(create),
        // The engine refuses a name where the network is another's.
        ...(first !== undefined &&
          typeof create["Hostname"] === "string" && { Hostname: create["Hostname"] }),
        Labels: labels,
        HostConfig: {
          ...surroundings,
          // Before anything that is real the kernel ends what is only tried.
          OomScoreAdj: 500,
          NetworkMode:
            first?.network ?? (lender === undefined ? "none" : `container:${names.container(lender)}`),
          Mounts: [
            ...surroundings.Mounts,
            ...mounts.flatMap((mount) => scratchMount(mount, { names, folders })),
          ],
        },
      },
      networks,
    },
  };
}

/** Networks by the names that they had; those of the host and the engine's default one have a stand-in. */
export function networksOf(
  recorded: RecordedContainer,
  byName: ReadonlyMap<string, RecordedContainer>,
): string[] {
  const mode = textOf(hostOf(recorded)["NetworkMode"]);
  if (mode === "none" || networkLender(recorded, byName) !== undefined) return [];
  const joined = recorded.blueprint.networks.map(({ network }) => network);
  if (joined.length > 0) return joined;
  return [mode === "" || mode === "default" ? "bridge" : mode];
}

/** The container whose network it lives in. */
function networkLender(
  recorded: RecordedContainer,
  byName: ReadonlyMap<string, RecordedContainer>,
): string | undefined {
  const name = /^container:(.+)$/.exec(textOf(hostOf(recorded)["NetworkMode"]))?.[1];
  return name !== undefined && byName.has(name) ? name : undefined;
}

/** Under its own name, its aliases, and the names that others gave it by a link; at whatever address. */
function scratchJoinings(
  recorded: RecordedContainer,
  { names, byName, linked }: ScratchContainerTerms,
): Joining[] {
  const { name, networks } = recorded.blueprint;
  return networksOf(recorded, byName).map((network) => {
    const endpoint = networks.find((one) => one.network === network)?.endpoint ?? {};
    const aliases = new Set([name, ...textsOf(endpoint["Aliases"]), ...(linked.get(name) ?? [])]);
    return { network: names.network(network), endpoint: { Aliases: [...aliases] } };
  });
}

function scratchMount(
  { type, source, target, readOnly, options }: RecordedMount,
  { names, folders }: Pick<ScratchContainerTerms, "names" | "folders">,
) {
  if (!isTried({ type, source }, folders)) return [];
  const volume = type === "bind" ? names.folder(source) : names.volume(source);
  const VolumeOptions = Object.keys(options).length > 0 && { VolumeOptions: options };
  return [{ Type: "volume", Source: volume, Target: target, ReadOnly: readOnly, ...VolumeOptions }];
}

/** Of the host's folders only those that come out of the repository: nothing of the other host is mounted. */
export function isTried(
  { type, source }: Pick<RecordedMount, "type" | "source">,
  folders: ReadonlySet<string>,
): boolean {
  return type === "volume" || (type === "bind" && folders.has(source));
}
