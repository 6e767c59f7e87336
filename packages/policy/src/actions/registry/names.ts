import type { RegistryListing, RegistryManifest, RepositoryListing } from "../../round/outside.ts";
import type { Target } from "../action.ts";

const MOST_TAGS_TOLD = 3;
const SHORT_DIGEST = "sha256:".length + 12;

/** `acme/web:1, :1.0 (+2)`; for what has no tag, `acme/web@sha256:0123456789ab`. */
export function manifestName(
  { name }: Pick<RepositoryListing, "name">,
  { tags, digest }: RegistryManifest,
): string {
  if (tags.length === 0) return `${name}@${digest.slice(0, SHORT_DIGEST)}`;
  const told = tags.slice(0, MOST_TAGS_TOLD).join(", :");
  const more = tags.length > MOST_TAGS_TOLD ? ` (+${tags.length - MOST_TAGS_TOLD})` : "";
  return `${name}:${told}${more}`;
}

/** One digest in one repository: all of its tags go together, or none does. */
export function manifestTarget(
  { address }: Pick<RegistryListing, "address">,
  repository: Pick<RepositoryListing, "name">,
  manifest: RegistryManifest,
): Target {
  const id = `${address}/${repository.name}@${manifest.digest}`;
  return { type: "registry-tag", id, name: manifestName(repository, manifest) };
}

export function brokenTagTarget(
  { address }: Pick<RegistryListing, "address">,
  name: string,
  tag: string,
): Target {
  return { type: "registry-tag", id: `${address}/${name}:${tag}`, name: `${name}:${tag}` };
}

/** Everything that a pattern may call it by, with and without the registry's address. */
export function namesOf(
  { address }: Pick<RegistryListing, "address">,
  { name }: Pick<RepositoryListing, "name">,
  { tags, digests }: { tags: readonly string[]; digests: readonly string[] },
): string[] {
  const short = [
    name,
    ...tags.map((tag) => `${name}:${tag}`),
    ...digests.map((digest) => `${name}@${digest}`),
  ];
  return [...short, ...short.map((one) => `${address}/${one}`), ...digests];
}
