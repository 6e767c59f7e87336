import { buildAgeMs } from "@shipkeeper/model";
import type { Instant } from "@shipkeeper/kit";
import type { RegistryManifest } from "../../round/outside.ts";

/**
 * The newest images of a repository by creation, as digests. An image whose creation is not known counts from when it
 * was first seen. Where several are equally old at the border, all of them are among the newest: no chance decides.
 */
export function newestOf(
  images: readonly RegistryManifest[],
  { keepNewest, now }: { keepNewest: number; now: Instant },
): ReadonlySet<string> {
  const madeAt = (manifest: RegistryManifest) => {
    const ageMs = buildAgeMs(manifest, now);
    return ageMs === undefined ? manifest.since : now - ageMs;
  };
  const border =
    images.map(madeAt).sort((a, b) => b - a)[keepNewest - 1] ?? (keepNewest === 0 ? Infinity : -Infinity);
  return new Set(images.filter((manifest) => madeAt(manifest) >= border).map(({ digest }) => digest));
}
