/** What a restore point says of itself, as restic's tags: `dataset=volume:shop-data`. */
import type { Snapshot } from "./answers.ts";

/** Every restore point that Shipkeeper made has this one. */
export const OURS = "shipkeeper";

/** A tag as restic takes it: a comma would begin another one. */
export function tag(name: string, value: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return `${name}=${value.replaceAll(/[%,\u0000-\u001f\u007f]/g, (one) => encodeURIComponent(one))}`;
}

/** The value of a tag; undefined where the restore point has none of that name. */
export function tagOf({ tags }: Pick<Snapshot, "tags">, name: string): string | undefined {
  const found = tags.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  return found?.replaceAll(/%[0-9A-F]{2}/g, decodeURIComponent);
}
