import type { Container } from "./container.ts";
import type { Image } from "./image.ts";
import * as z from "zod";

/** What a registry calls its content by: manifests, indexes, configurations and layers. */
export const digestSchema = z
  .string()
  .regex(/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/, "expected a digest such as sha256:…");

/**
 * Every digest that tells a registry what a host holds or runs: of the manifest or index that an image was pulled by, and
 * the engine's own ids, which are a configuration's digest or a manifest's, depending on how the engine stores images.
 * A container counts by itself, too: its image may have lost its last name.
 */
export function digestsHeld({
  images,
  containers,
}: {
  images: readonly Pick<Image, "id" | "digests">[];
  containers: readonly Pick<Container, "imageId" | "image">[];
}): ReadonlySet<string> {
  const references = [
    ...images.flatMap(({ id, digests }) => [id, ...digests]),
    ...containers.flatMap(({ imageId, image }) => [imageId, image]),
  ];
  return new Set(references.map(afterAt).filter((text) => digestSchema.safeParse(text).success));
}

/** `sha256:…` of `repository@sha256:…`; the text itself where it has no `@`. */
function afterAt(reference: string): string {
  return reference.slice(reference.indexOf("@") + 1);
}
