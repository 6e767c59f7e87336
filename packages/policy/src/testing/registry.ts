/** Registries for tests, said in as few words as the promise needs. */
import { days } from "@shipkeeper/kit";
import type { FleetDigests, Outside, RegistryListing, RegistryManifest } from "../round/outside.ts";
import type { World } from "../round/world.ts";
import { imageId, NOW, worldWith } from "./world.ts";

export const digestOf = (name: string): string => imageId(`manifest ${name}`);

/** An image that was built and first seen `ageDays` ago, with all of its tags; `""` has none. */
export function manifest(
  tags: string,
  {
    ageDays = 100,
    name = tags,
    ...facts
  }: Partial<RegistryManifest> & { ageDays?: number; name?: string } = {},
): RegistryManifest {
  const at = NOW - days(ageDays);
  return {
    digest: digestOf(name),
    tags: tags.split(" ").filter((tag) => tag !== ""),
    since: at,
    createdAt: at,
    parts: [],
    configDigest: imageId(`config of ${name}`),
    labels: {},
    blobs: [{ digest: digestOf(name), bytes: 1_000 }],
    readable: true,
    ...facts,
  };
}

export interface RegistryFacts {
  readonly fleet?: FleetDigests | undefined;
  readonly used?: Readonly<Record<string, number>>;
  readonly listing?: Partial<RegistryListing>;
  readonly world?: Partial<World>;
}

/** A registry `main` with the repositories, looked at right now by host `tools-1`, whose collector told lately. */
export function registryWorld(
  repositories: Readonly<Record<string, readonly RegistryManifest[]>>,
  { used = {}, listing = {}, world = {}, ...given }: RegistryFacts = {},
): World {
  const usedAt = new Map(Object.entries(used));
  const fleet = "fleet" in given ? given.fleet : { at: NOW, count: 100, mostCount: 100, usedAt };
  const outside: Outside = {
    registries: new Map([
      [
        "main",
        {
          address: "registry.example",
          repositories: Object.entries(repositories).map(([name, manifests]) => ({
            name,
            manifests,
            brokenTags: [],
          })),
          ...listing,
        },
      ],
    ]),
    fleetDigests: fleet,
  };
  return worldWith({}, { outside, hostLabels: { environment: "production", hostname: "tools-1" }, ...world });
}
