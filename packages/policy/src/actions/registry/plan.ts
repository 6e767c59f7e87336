/**
 * Which images a registry can do without. Owns the order of the reasons; how a registry is asked, and what it answers, is
 * not known here. A registry deletes by digest, with all tags that lead to it: so every digest of a repository gets one
 * verdict, which speaks for all of its tags.
 */
import { firstMatch } from "@shipkeeper/kit";
import type { Need, RegistryListing, RegistryManifest, RepositoryListing } from "../../round/outside.ts";
import { NOTHING_TODAY } from "../../round/step-counts.ts";
import type { World } from "../../round/world.ts";
import type { Plan, VerdictFor } from "../action.ts";
import { estimateReclaimableBytes } from "./estimate.ts";
import { candidatesOf, judgeRepository, type Judged } from "./judge.ts";
import { withinLimits } from "./limits.ts";
import { brokenTagTarget, manifestName, manifestTarget } from "./names.ts";
import type { RegistryReason } from "./reason.ts";
import type { RegistrySpec } from "./spec.ts";
import { usageProblem } from "./usage.ts";

export type RegistryVerdict = VerdictFor<RegistryReason>;

/** A verdict for every image of the repositories that the rule is about; one for the registry where there is no telling. */
export function planRegistry(spec: RegistrySpec, world: World, rule: string): Plan {
  const listing = world.outside?.registries.get(spec.at);
  if (!actsHere(spec, world)) return only(spec, "keep", { why: "other-host", host: spec.host });
  if (listing === undefined) return only(spec, "refuse", { why: "not-listed", registry: spec.at });
  if (listing.problem !== undefined) {
    return only(spec, "refuse", { why: "listing-incomplete", of: spec.at, problem: listing.problem });
  }

  const selected = listing.repositories
    .filter(({ name }) => firstMatch(spec.repositories, [name]) !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const broken = selected.flatMap((repository) => brokenTags(listing, repository));
  const verdicts = [...judgeImages(spec, world, { rule, listing, selected }), ...broken];
  return { kind: "registry", verdicts: estimateReclaimableBytes(verdicts, listing) };
}

/** Only the one host that the policy names looks at the registry at all. */
export function registryNeeds(
  spec: RegistrySpec,
  world: Pick<World, "hostId" | "hostLabels">,
): readonly Need[] {
  return actsHere(spec, world) ? [{ what: "registry", name: spec.at }, { what: "fleet-digests" }] : [];
}

function actsHere(
  { host }: RegistrySpec,
  { hostId, hostLabels }: Pick<World, "hostId" | "hostLabels">,
): boolean {
  return host === hostId || host === hostLabels["hostname"];
}

function only({ at }: RegistrySpec, decision: "keep" | "refuse", reason: RegistryReason): Plan {
  const target = { type: "registry-tag", id: at, name: at } as const;
  return { kind: "registry", verdicts: [{ target, decision, reason } satisfies RegistryVerdict] };
}

function brokenTags(
  listing: RegistryListing,
  { name, brokenTags: tags }: RepositoryListing,
): RegistryVerdict[] {
  return tags.map((tag) => ({
    target: brokenTagTarget(listing, name, tag),
    decision: "keep",
    reason: { why: "broken-tag" },
  }));
}

function judgeImages(
  spec: RegistrySpec,
  world: World,
  given: { rule: string; listing: RegistryListing; selected: readonly RepositoryListing[] },
): RegistryVerdict[] {
  const { rule, listing, selected } = given;
  const partial = selected.find(({ problem }) => problem !== undefined);
  if (partial !== undefined) {
    const reason: RegistryReason = {
      why: "listing-incomplete",
      of: partial.name,
      problem: partial.problem ?? "",
    };
    return selected.flatMap((repository) =>
      candidatesOf(repository).map((manifest) => ({
        target: manifestTarget(listing, repository, manifest),
        decision: "refuse",
        reason,
      })),
    );
  }

  const judged = selected.flatMap((repository) => judgeRepository(spec, world, listing, repository));
  const removable = judged.filter(({ decision }) => decision === "remove");
  const idle = judged.filter(({ decision }) => decision !== "remove");
  const problem = usageProblem(world);
  if (problem !== undefined) {
    const refused = removable.map((one): Judged => ({ ...one, decision: "refuse", reason: problem }));
    return [...refused, ...idle].map((one) => verdictOf(listing, one));
  }

  const { going, waiting } = withinLimits(removable, spec, world.ledger.ruleDays.get(rule) ?? NOTHING_TODAY);
  return [
    ...stepsOf(spec, listing, going, [...waiting, ...idle]),
    ...[...waiting, ...idle].map((one) => verdictOf(listing, one)),
  ];
}

/** Each index is followed by those of its nameless parts that nothing else holds: a registry never frees them by itself. */
function stepsOf(
  spec: RegistrySpec,
  listing: RegistryListing,
  going: readonly Judged[],
  staying: readonly Judged[],
): RegistryVerdict[] {
  const stays = Map.groupBy(staying, ({ repository }) => repository.name);
  const claimed = new Set<string>();
  const steps: RegistryVerdict[] = [];

  // From the last to the first: a part of two indexes goes after the second.
  for (const one of going.toReversed()) {
    const { repository, graph, manifest, reason } = one;
    const held = graph.heldBy((stays.get(repository.name) ?? []).map((other) => other.manifest));
    const parts = graph.partsOf(manifest.digest).filter(({ digest, tags }) => {
      const place = `${repository.name}@${digest}`;
      if (tags.length > 0 || held.has(digest) || claimed.has(place)) return false;
      claimed.add(place);
      return true;
    });
    const index = manifestName(repository, manifest);
    steps.unshift(
      step(spec, listing, { repository, manifest, reason }),
      ...parts.map((part) =>
        step(spec, listing, { repository, manifest: part, reason: { why: "part-of-removed", index } }),
      ),
    );
  }
  return steps;
}

function step(
  { at: registry }: RegistrySpec,
  listing: RegistryListing,
  {
    repository,
    manifest,
    reason,
  }: { repository: RepositoryListing; manifest: RegistryManifest; reason: RegistryReason },
): RegistryVerdict {
  const { digest, tags } = manifest;
  const target = manifestTarget(listing, repository, manifest);
  const expect = { registry, repository: repository.name, digest, tags: tags.join(" ") };
  return { target, decision: "remove", reason, expect };
}

function verdictOf(
  listing: RegistryListing,
  { repository, manifest, decision, reason }: Judged,
): RegistryVerdict {
  return { target: manifestTarget(listing, repository, manifest), decision, reason };
}
