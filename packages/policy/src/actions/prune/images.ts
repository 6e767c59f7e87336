import { MINUTE_MS } from "@shipkeeper/kit";
import {
  buildAgeMs,
  imageName,
  repositoriesOf,
  unusedForMs,
  type Container,
  type Image,
} from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { exceptionFor } from "../exception.ts";
import { expectImage } from "../expectation.ts";
import { protectsImage } from "../never-touch.ts";
import { imageTarget } from "../target.ts";
import { exceptedBy } from "./excepted.ts";
import { newestOfRepositories } from "./newest.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneReason } from "./reason.ts";
import { rollbackImages, type Rollback } from "./rollback.ts";
import type { PruneSpec } from "./spec.ts";

/**
 * A pull or a build shows its image before the container that it was made for exists. A rule that names `minAge`, or
 * a shorter `unusedFor`, has the last word.
 */
export const ARRIVAL_MS = 2 * MINUTE_MS;

/** What one image cannot say of itself: who uses it or may again, what is built on it, and its rank. */
export interface ImageFacts {
  readonly users: ReadonlyMap<string, Container>;
  readonly children: ReadonlyMap<string, Image>;
  /** Image id → the repository that it is among the newest of. */
  readonly newest: ReadonlyMap<string, string>;
  readonly rollbacks: ReadonlyMap<string, Rollback>;
}

export function imageFacts(spec: PruneSpec, world: World): ImageFacts {
  const { images, containers } = world.inventory;
  return {
    users: usersOf(images, containers),
    children: new Map(images.flatMap((child) => (child.parentId ? [[child.parentId, child] as const] : []))),
    newest: newestOfRepositories(images, spec.images?.keepNewest ?? 0, world.now),
    rollbacks: spec.images === undefined ? new Map() : rollbackImages(spec.images.keepRollback, world),
  };
}

/** The verdict on one image. The order of the reasons is the order of their weight: whose word it is comes first. */
export function judgeImage(spec: PruneSpec, world: World, facts: ImageFacts, image: Image): PruneVerdict {
  const target = imageTarget(image);
  const keep = (reason: PruneReason): PruneVerdict => ({ target, decision: "keep", reason });
  const remove = (reason: PruneReason): PruneVerdict => ({
    target,
    decision: "remove",
    reason,
    expect: expectImage(image),
  });

  const kept = reasonToKeep(spec, world, facts, image);
  if (kept !== undefined) return keep(kept);

  const { unusedFor, olderThan, minAge, dangling } = spec.images ?? {};
  const idleMs = unusedForMs(image, world.now);
  if (idleMs === undefined) return keep({ why: "not-remembered" });
  const arrivalMs = minAge ?? Math.min(ARRIVAL_MS, unusedFor ?? ARRIVAL_MS);
  if (idleMs < arrivalMs) return keep({ why: "just-arrived", unusedForMs: idleMs, limitMs: arrivalMs });
  if (isDangling(image))
    return dangling === true ? remove({ why: "dangling" }) : keep({ why: "dangling-off" });
  if (unusedFor === undefined && olderThan === undefined) return keep({ why: "named" });

  if (unusedFor !== undefined && idleMs < unusedFor) {
    return keep({ why: "used-recently", unusedForMs: idleMs, limitMs: unusedFor });
  }
  if (olderThan === undefined) return remove({ why: "unused", unusedForMs: idleMs, limitMs: unusedFor ?? 0 });

  const ageMs = buildAgeMs(image, world.now);
  if (ageMs === undefined) return keep({ why: "age-unknown" });
  if (ageMs < olderThan) return keep({ why: "too-young", ageMs, limitMs: olderThan });
  if (unusedFor === undefined) return remove({ why: "old", ageMs, limitMs: olderThan });
  return remove({ why: "unused-and-old", unusedForMs: idleMs, ageMs });
}

function reasonToKeep(
  spec: PruneSpec,
  world: World,
  { users, children, newest, rollbacks }: ImageFacts,
  image: Image,
): PruneReason | undefined {
  const protectedBy = protectsImage(world.guardrails.neverTouch, image);
  if (protectedBy !== undefined) return { why: "never-touch", by: protectedBy };
  const user = users.get(image.id);
  if (user !== undefined) return { why: "in-use", by: user.name };
  if (spec.images === undefined) return { why: "not-in-rule" };
  const exception = exceptionFor(world, imageTarget(image));
  if (exception !== undefined) return exception;

  const names = [...image.tags, ...image.digests, ...repositoriesOf(image)];
  const spared = exceptedBy(spec.images, names, image.labels);
  if (spared !== undefined) return { why: "excepted", by: spared };
  const child = children.get(image.id);
  if (child !== undefined) return { why: "parent-of", image: imageName(child) };
  const repository = newest.get(image.id);
  if (repository !== undefined) {
    return { why: "newest-of-repository", repository, keepNewest: spec.images.keepNewest };
  }
  const rollback = rollbacks.get(image.id);
  if (rollback === undefined) return undefined;
  return { why: "rollback-of", container: rollback.container, ranMsAgo: world.now - rollback.lastRanAt };
}

/** No name at all. A digest is a name: somebody pulled by it. */
function isDangling({ tags, digests }: Image): boolean {
  return tags.length === 0 && digests.length === 0;
}

/**
 * Image id → a container in whatever state that needs it: the image that it was made from, and the one that bears its
 * name by now, from which it would be made anew. The name also finds what another store of the engine calls by another id.
 */
function usersOf(images: readonly Image[], containers: readonly Container[]): Map<string, Container> {
  const idOf = new Map<string, string>(
    images.flatMap(({ id, tags, digests }) => [...tags, ...digests].map((name) => [name, id] as const)),
  );
  const users = new Map<string, Container>();
  for (const container of containers) {
    const named = idOf.get(container.image) ?? idOf.get(`${container.image}:latest`);
    for (const id of [container.imageId, named]) if (id !== undefined) users.set(id, container);
  }
  return users;
}
