/** What one repository can do without by its own facts; how much of it may go at once is not asked here. */
import { firstMatch, HOUR_MS } from "@shipkeeper/kit";
import { buildAgeMs, digestsHeld } from "@shipkeeper/model";
import type { RegistryListing, RegistryManifest, RepositoryListing } from "../../round/outside.ts";
import type { World } from "../../round/world.ts";
import { exceptionFor } from "../exception.ts";
import { protectsImage } from "../never-touch.ts";
import { graphOf, type ManifestGraph } from "./graph.ts";
import { manifestName, namesOf } from "./names.ts";
import { newestOf } from "./newest.ts";
import type { RegistryReason } from "./reason.ts";
import type { RegistrySpec } from "./spec.ts";
import { digestsOf } from "./usage.ts";

/** Who pushes an image may be about to give it another name, or to roll it out. */
const ARRIVAL_MS = HOUR_MS;

/** A manifest that a rule decides about, and what comes of it. */
export interface Judged {
  readonly repository: RepositoryListing;
  readonly graph: ManifestGraph;
  readonly manifest: RegistryManifest;
  readonly decision: "remove" | "keep" | "refuse" | "wait";
  readonly reason: RegistryReason;
}

/** What a rule decides about: everything but the nameless parts of an index, which share its fate. */
export function candidatesOf({ manifests }: RepositoryListing): RegistryManifest[] {
  const parts = new Set(manifests.flatMap((one) => one.parts.filter((digest) => digest !== one.digest)));
  return manifests.filter(({ tags, digest }) => tags.length > 0 || !parts.has(digest));
}

export function judgeRepository(
  spec: RegistrySpec,
  world: World,
  listing: RegistryListing,
  repository: RepositoryListing,
): Judged[] {
  const graph = graphOf(repository);
  const candidates = candidatesOf(repository);
  const exempted = new Map(
    candidates.map(({ digest }) => [digest, exemption(spec, world, listing, repository, graph, digest)]),
  );
  const images = candidates.filter(
    ({ tags, digest, attachedTo, readable }) =>
      tags.length > 0 && readable && attachedTo === undefined && exempted.get(digest) === undefined,
  );
  const newest = newestOf(images, { keepNewest: spec.keepNewest, now: world.now });
  const usedHere = digestsHeld(world.inventory);

  const judged = candidates.map((manifest): Judged => {
    const reason =
      exempted.get(manifest.digest) ??
      usage(spec, world, usedHere, digestsOf(manifest, graph)) ??
      (newest.has(manifest.digest)
        ? { why: "newest-of-repository", repository: repository.name, keepNewest: spec.keepNewest }
        : age(spec, world, manifest));
    return { repository, graph, manifest, decision: decisionFor(reason), reason };
  });
  return keepTogether(judged, graph);
}

/** What is kept needs its parts, and its signatures need to stay with it. */
function keepTogether(judged: readonly Judged[], graph: ManifestGraph): Judged[] {
  const kept = judged.filter(({ decision }) => decision !== "remove").map(({ manifest }) => manifest);
  const held = graph.heldBy(kept);
  return judged.map((one) => {
    if (one.decision !== "remove" || !held.has(one.manifest.digest)) return one;
    const holder = graph.holdersOf(one.manifest.digest).find(({ digest }) => held.has(digest));
    const other = holder === undefined ? "" : manifestName(one.repository, holder);
    return { ...one, decision: "keep", reason: { why: "part-of", other } };
  });
}

function exemption(
  spec: RegistrySpec,
  world: World,
  listing: RegistryListing,
  repository: RepositoryListing,
  graph: ManifestGraph,
  digest: string,
): RegistryReason | undefined {
  const manifest = graph.find(digest);
  if (manifest === undefined) return undefined;
  const names = namesOf(listing, repository, { tags: manifest.tags, digests: digestsOf(manifest, graph) });

  const whole = [manifest, ...graph.partsOf(digest)];
  for (const { labels } of whole) {
    const thing = { id: digest, tags: names, digests: [], labels };
    const protectedBy = protectsImage(world.guardrails.neverTouch, thing);
    if (protectedBy !== undefined) return { why: "never-touch", by: protectedBy };
  }
  for (const name of names) {
    const exception = exceptionFor(world, { type: "registry-tag", id: digest, name });
    if (exception !== undefined) return exception;
  }
  const exceptedBy = firstMatch(spec.except, names);
  if (exceptedBy !== undefined) return { why: "excepted", by: exceptedBy };
  // What it refers to is not known, and so neither is who uses it.
  return whole.every(({ readable }) => readable) ? undefined : { why: "unreadable" };
}

function usage(
  { keepUsedWithin }: RegistrySpec,
  { now, outside }: World,
  usedHere: ReadonlySet<string>,
  digests: readonly string[],
): RegistryReason | undefined {
  if (digests.some((digest) => usedHere.has(digest))) return { why: "used-here" };
  const usedAt = Math.max(...digests.map((digest) => outside?.fleetDigests?.usedAt.get(digest) ?? -Infinity));
  const usedMsAgo = Math.max(0, now - usedAt);
  return usedMsAgo <= keepUsedWithin
    ? { why: "used-by-fleet", usedMsAgo, limitMs: keepUsedWithin }
    : undefined;
}

function age(
  { olderThan, by, untaggedFor }: RegistrySpec,
  { now }: World,
  manifest: RegistryManifest,
): RegistryReason {
  const seenMs = now - manifest.since;
  if (manifest.tags.length === 0) {
    if (untaggedFor === undefined) return { why: "untagged-off" };
    const told = { untaggedForMs: seenMs, limitMs: untaggedFor };
    return seenMs < untaggedFor ? { why: "untagged-recently", ...told } : { why: "untagged", ...told };
  }
  if (seenMs < ARRIVAL_MS) return { why: "just-arrived", ageMs: seenMs, limitMs: ARRIVAL_MS };
  const ageMs = by === "pushed" ? seenMs : buildAgeMs(manifest, now);
  if (ageMs === undefined) return { why: "age-unknown" };
  const told = { ageMs, limitMs: olderThan, by };
  return ageMs < olderThan ? { why: "too-young", ...told } : { why: "old", ...told };
}

function decisionFor({ why }: RegistryReason): Judged["decision"] {
  if (why === "old" || why === "untagged") return "remove";
  return why === "never-touch" ? "refuse" : "keep";
}
