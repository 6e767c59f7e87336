import { InvalidInput } from "@shipkeeper/kit";

/** Whether the engine would ever call an image so: a name with a tag or a digest, or an id. */
export function isImageReference(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,511}$/.test(text) && !text.includes("..");
}

/** An image reference as a part of a path. Throws `InvalidInput` for what could lead elsewhere. */
export function imagePath(reference: string): string {
  if (!isImageReference(reference)) throw new InvalidInput("no image reference", [JSON.stringify(reference)]);
  return reference;
}
