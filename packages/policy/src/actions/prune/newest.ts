import type { Instant } from "@shipkeeper/kit";
import { buildAgeMs, repositoriesOf, type Image } from "@shipkeeper/model";

/**
 * Image id → the repository that it is one of the `count` newest of. Age is build age here, because a repository's
 * newest is what its builder made last. An image without a known build time ranks as newest: it is kept before others.
 */
export function newestOfRepositories(
  images: readonly Image[],
  count: number,
  now: Instant,
): ReadonlyMap<string, string> {
  const byRepository = new Map<string, Image[]>();
  for (const image of images) {
    for (const repository of repositoriesOf(image)) {
      byRepository.set(repository, [...(byRepository.get(repository) ?? []), image]);
    }
  }

  const newest = new Map<string, string>();
  for (const [repository, members] of byRepository) {
    const ranked = members.sort((a, b) => age(a, now) - age(b, now) || laterSeen(a, b, now));
    for (const image of ranked.slice(0, count)) newest.set(image.id, repository);
  }
  return newest;
}

function age(image: Image, now: Instant): number {
  return buildAgeMs(image, now) ?? -1;
}

/** Two images of one build time: the one that the agent met later is the newer, at the latest now; ids settle the rest. */
function laterSeen(a: Image, b: Image, now: Instant): number {
  return (b.memory?.firstSeenAt ?? now) - (a.memory?.firstSeenAt ?? now) || (a.id < b.id ? -1 : 1);
}
