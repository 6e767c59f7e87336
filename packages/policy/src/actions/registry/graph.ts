import type { RegistryManifest, RepositoryListing } from "../../round/outside.ts";

/** How the manifests of a repository hang together. Registries are free to hold loops and loose ends: both are harmless here. */
export interface ManifestGraph {
  find(digest: string): RegistryManifest | undefined;
  /** Everything below an index that the registry has, nearest first. */
  partsOf(digest: string): readonly RegistryManifest[];
  /** What must go before this one may: indexes that name it, and the image that it is attached to. */
  holdersOf(digest: string): readonly RegistryManifest[];
  /** Everything that must stay where these stay: themselves, their parts, and what is attached to any of them. */
  heldBy(manifests: readonly RegistryManifest[]): ReadonlySet<string>;
}

export function graphOf({ manifests }: Pick<RepositoryListing, "manifests">): ManifestGraph {
  const byDigest = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
  const present = (digests: readonly string[]) => digests.flatMap((digest) => byDigest.get(digest) ?? []);
  const attachments = Map.groupBy(manifests, ({ attachedTo }) => attachedTo);
  const indexesOf = new Map<string, RegistryManifest[]>();
  for (const index of manifests) {
    for (const part of new Set(index.parts)) indexesOf.set(part, [...(indexesOf.get(part) ?? []), index]);
  }

  const below = (
    from: readonly RegistryManifest[],
    next: (manifest: RegistryManifest) => readonly RegistryManifest[],
  ): Map<string, RegistryManifest> => {
    const found = new Map(from.map((manifest) => [manifest.digest, manifest]));
    // A map goes on to what is added while it is walked.
    for (const manifest of found.values()) {
      for (const one of next(manifest)) if (!found.has(one.digest)) found.set(one.digest, one);
    }
    return found;
  };

  return {
    find: (digest) => byDigest.get(digest),
    partsOf: (digest) =>
      [...below(present([digest]), ({ parts }) => present(parts)).values()].filter(
        (one) => one.digest !== digest,
      ),
    holdersOf(digest) {
      const subject = byDigest.get(digest)?.attachedTo;
      return [...(indexesOf.get(digest) ?? []), ...present(subject === undefined ? [] : [subject])].filter(
        (one) => one.digest !== digest,
      );
    },
    heldBy: (kept) =>
      new Set(
        below(kept, ({ parts, digest }) => [...present(parts), ...(attachments.get(digest) ?? [])]).keys(),
      ),
  };
}
