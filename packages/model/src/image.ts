import type { Instant } from "@shipkeeper/kit";
import * as z from "zod";
import { healthCheckSchema } from "./container.ts";
import { countSchema, imageIdSchema, instantSchema, labelsSchema } from "./ids.ts";

/** One line of an image's Dockerfile as the image remembers it. Values of `ENV` and `ARG` are masked on the host. */
const historyEntrySchema = z.object({
  createdAt: instantSchema.optional(),
  createdBy: z.string(),
  sizeBytes: countSchema,
  comment: z.string(),
});

/** The agent's own lasting memory of an image: what the engine cannot tell. */
export const imageMemorySchema = z.object({
  firstSeenAt: instantSchema,
  /** The last time that any container, in whatever state, referred to it; absent while none was ever seen. */
  lastUsedAt: instantSchema.optional(),
  /** The last time that it was pulled or given a name, by the agent's own eyes or the engine's word. */
  lastTaggedAt: instantSchema.optional(),
});
export type ImageMemory = z.infer<typeof imageMemorySchema>;

export const imageSchema = z.object({
  id: imageIdSchema,
  /** `repository:tag`, all of them; none where it dangles. */
  tags: z.array(z.string()),
  /** `repository@sha256:…`, all of them. */
  digests: z.array(z.string()),
  /** The builder's word, as the engine repeats it: reproducible builds say 1970, broken ones year 1. See `buildAgeMs`. */
  createdAt: instantSchema.optional(),
  /** The engine's word on when it last got a name here; absent where it kept none, as for many images that were pulled. */
  lastTaggedAt: instantSchema.optional(),
  sizeBytes: countSchema,
  /** Bytes in layers that other images on this host have as well; absent where it was not measured. */
  sharedBytes: countSchema.optional(),
  /** Digests of the unpacked layers, lowest first: an image whose list opens with another's is built on it. */
  layers: z.array(z.string()),
  parentId: z.string().optional(),
  labels: labelsSchema,
  owner: z.string().optional(),
  history: z.array(historyEntrySchema),
  user: z.string(),
  healthCheck: healthCheckSchema.optional(),
  architecture: z.string(),
  os: z.string(),
  /** From `org.opencontainers.image.source` and `.revision`. */
  source: z.string().optional(),
  revision: z.string().optional(),
  /** From `org.opencontainers.image.base.name` and `.base.digest`, where the builder wrote them. */
  baseName: z.string().optional(),
  baseDigest: z.string().optional(),
  memory: imageMemorySchema.optional(),
});
export type Image = z.infer<typeof imageSchema>;

/** Docker's first public release, 2013-03-20: no image was built before it. */
const FIRST_DOCKER_RELEASE: Instant = Date.UTC(2013, 2, 20);

/**
 * How long ago an image was built, in milliseconds, or undefined where its `createdAt` is no build time: absent,
 * in the future, or before Docker existed (reproducible builds write 1970 or 1980, broken ones year 1).
 */
export function buildAgeMs(image: Pick<Image, "createdAt">, now: Instant): number | undefined {
  const { createdAt } = image;
  if (createdAt === undefined || createdAt < FIRST_DOCKER_RELEASE || createdAt > now) return undefined;
  return now - createdAt;
}

/**
 * When somebody last had to do with the image as far as the agent knows; undefined where it never saw it. A name that it
 * was given counts, too: what was removed and pulled again while no agent looked must not be as old as its first life.
 */
export function unusedSince({ memory }: Pick<Image, "memory">): Instant | undefined {
  if (memory === undefined) return undefined;
  return Math.max(memory.firstSeenAt, memory.lastUsedAt ?? 0, memory.lastTaggedAt ?? 0);
}

/** How long nobody had to do with the image, in milliseconds. See `unusedSince`. */
export function unusedForMs(image: Pick<Image, "memory">, now: Instant): number | undefined {
  const since = unusedSince(image);
  return since === undefined ? undefined : now - since;
}

/** The repository of `repository:tag` or `repository@digest`: a colon after the last slash opens the tag. */
export function repositoryOf(reference: string): string {
  const named = reference.split("@")[0] ?? reference;
  const colon = named.lastIndexOf(":");
  return colon > named.lastIndexOf("/") ? named.slice(0, colon) : named;
}

/** Every repository that an image has a name in, each once. */
export function repositoriesOf(image: Pick<Image, "tags" | "digests">): string[] {
  return [...new Set([...image.tags, ...image.digests].map(repositoryOf))];
}

/** What to call an image in front of people: its first tag, else a digest, else its short id. */
export function imageName(image: Pick<Image, "id" | "tags" | "digests">): string {
  return image.tags[0] ?? image.digests[0] ?? image.id.slice("sha256:".length, "sha256:".length + 12);
}
