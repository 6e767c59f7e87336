import type { RegistryListing, RegistryManifest } from "../../round/outside.ts";
import { isStep, type Verdict } from "../action.ts";

/**
 * Adds to every verdict what the registry's garbage collection could free after it, in bytes. A blob is counted for the
 * last manifest of the whole registry that refers to it, so the steps' estimates can be added up.
 */
export function estimateReclaimableBytes<V extends Verdict>(
  verdicts: readonly V[],
  listing: RegistryListing,
): V[] {
  const manifestOf = new Map<string, RegistryManifest>();
  const holders = new Map<string, number>();
  for (const { name, manifests } of listing.repositories) {
    for (const manifest of manifests) {
      manifestOf.set(`${listing.address}/${name}@${manifest.digest}`, manifest);
      for (const digest of blobDigests(manifest)) holders.set(digest, (holders.get(digest) ?? 0) + 1);
    }
  }

  return verdicts.map((verdict) => {
    const manifest = manifestOf.get(verdict.target.id);
    if (manifest === undefined) return verdict;
    const sizes = new Map(manifest.blobs.map(({ digest, bytes }) => [digest, bytes]));
    const bytes = [...sizes].reduce(
      (sum, [digest, size]) => sum + ((holders.get(digest) ?? 0) > 1 ? 0 : size),
      0,
    );
    if (isStep(verdict)) {
      for (const digest of blobDigests(manifest)) holders.set(digest, (holders.get(digest) ?? 1) - 1);
    }
    return { ...verdict, bytes };
  });
}

function blobDigests({ blobs }: RegistryManifest): Set<string> {
  return new Set(blobs.map(({ digest }) => digest));
}
