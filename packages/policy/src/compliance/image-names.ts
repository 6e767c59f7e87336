/** Names of images: how Docker lets people shorten them, and what they mean in full. */
import { firstMatch } from "@shipkeeper/kit";
import { repositoryOf, type Image } from "@shipkeeper/model";

const HUB = "docker.io/";
const HUB_LIBRARY = "docker.io/library/";

/** `web` → `docker.io/library/web:latest`: the one name behind all the ways in which it may be written. */
export function fullName(reference: string): string {
  const named =
    tagOf(reference) === undefined && !reference.includes("@") ? `${reference}:latest` : reference;
  const [first = "", ...rest] = named.split("/");
  if (rest.length === 0) return `${HUB_LIBRARY}${named}`;
  // A first part is a registry only if it looks like a host; otherwise it is somebody's name on Docker Hub.
  return /[.:]/.test(first) || first === "localhost" ? named : `${HUB}${named}`;
}

/** Every way in which the name of a reference may be written, without its digest: `web`, `web:latest`, … */
export function spellingsOf(reference: string): string[] {
  const full = fullName(reference.split("@")[0] ?? reference);
  return [...new Set([full, shortName(full), full.replace(/^docker\.io\//, "")])];
}

/** The tag of a reference; undefined where it has none, as `web` and `web@sha256:…`. */
export function tagOf(reference: string): string | undefined {
  const [named = ""] = reference.split("@");
  const repository = repositoryOf(reference);
  return named.length > repository.length ? named.slice(repository.length + 1) : undefined;
}

/** Whether it says exactly which image is meant: by digest or by id. */
export function isPinned(reference: string): boolean {
  return reference.includes("@") || /^(sha256:)?[0-9a-f]{12,64}$/.test(reference);
}

/** Whether a pattern matches one of the names, as it is written, in full or as short as Docker shows it. */
export function matchesName(patterns: readonly string[], names: readonly string[]): boolean {
  if (firstMatch(patterns, names) !== undefined) return true;
  const full = names.map(fullName);
  return firstMatch(patterns, [...full, ...full.map(shortName)]) !== undefined;
}

/** `docker.io/library/web:1` → `web:1`. */
function shortName(full: string): string {
  const prefix = [HUB_LIBRARY, HUB].find((start) => full.startsWith(start)) ?? "";
  return full.slice(prefix.length);
}

export function namesOf({ tags, digests }: Pick<Image, "tags" | "digests">): string[] {
  return [...tags, ...digests];
}

/** `debian:12* or node:24-*`; where there are many, the last ones are only counted. */
export function listed(words: readonly string[], joiner: string, most = 5): string {
  const shown = words.slice(0, most);
  const more = words.length - shown.length;
  if (more > 0) return `${shown.join(", ")} ${joiner} ${more} more`;
  const last = shown.at(-1) ?? "";
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(", ")} ${joiner} ${last}`;
}
