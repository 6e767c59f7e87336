import { DAY_MS, type Instant } from "@shipkeeper/kit";
import { isComplete } from "@shipkeeper/model";
import type { FleetDigests, RegistryManifest } from "../../round/outside.ts";
import type { World } from "../../round/world.ts";
import type { ManifestGraph } from "./graph.ts";
import type { RegistryReason } from "./reason.ts";

const MOST_AGE_MS = DAY_MS;
/** A list that lost a fifth at once was cut off, forged, or comes from a collector that lost its memory. */
const LEAST_SHARE = 0.8;

/** Why nothing can be said to be unused, or undefined where the lists of what is used can be relied on. */
export function usageProblem({ inventory, outside, now }: World): RegistryReason | undefined {
  const sections = ["containers", "images"] as const;
  const section = sections.find((needed) => !isComplete(inventory, needed));
  return section === undefined
    ? fleetListProblem(outside?.fleetDigests, now)
    : { why: "inventory-incomplete", section };
}

function fleetListProblem(fleet: FleetDigests | undefined, now: Instant): RegistryReason | undefined {
  if (fleet === undefined || fleet.count === 0) return { why: "fleet-list-missing" };
  const ageMs = now - fleet.at;
  // From the future: the clock was set back, and its age is not known.
  if (ageMs > MOST_AGE_MS || ageMs < 0) return { why: "fleet-list-stale", ageMs, limitMs: MOST_AGE_MS };
  const { count, mostCount } = fleet;
  return count < LEAST_SHARE * mostCount ? { why: "fleet-list-shorter", count, mostCount } : undefined;
}

/**
 * Every digest by which a host may know that it holds the image: by a tag a host gets one part of an index, and
 * remembers the index, the part or only the part's configuration. Parts count that the registry itself does not have.
 */
export function digestsOf(manifest: RegistryManifest, graph: ManifestGraph): string[] {
  return [manifest, ...graph.partsOf(manifest.digest)].flatMap(({ digest, configDigest, parts }) => [
    digest,
    ...parts,
    ...(configDigest === undefined ? [] : [configDigest]),
  ]);
}
