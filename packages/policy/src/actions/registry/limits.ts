import type { RegistryManifest, RepositoryListing } from "../../round/outside.ts";
import type { RuleDay } from "../../round/step-counts.ts";
import { restOfDay } from "../limits.ts";
import { manifestName } from "./names.ts";
import type { RegistryReason } from "./reason.ts";
import type { Judged } from "./judge.ts";
import type { RegistrySpec } from "./spec.ts";

/**
 * What of the removable may go in one run, in the order in which it goes: the oldest first, but nothing before what holds
 * it, so that at no time an index is there without its parts. The rest becomes a wait that names the limit.
 */
export function withinLimits(
  removable: readonly Judged[],
  { limits }: RegistrySpec,
  { items: doneToday }: Pick<RuleDay, "items">,
): { going: Judged[]; waiting: Judged[] } {
  const going = new Set<Judged>();
  const waiting = new Map<Judged, RegistryReason>();
  const place = new Map(removable.map((one) => [placeOf(one.repository.name, one.manifest), one]));
  const mostTags = new Map(
    removable.map(({ repository }) => [repository, shareOfTags(repository, limits.share)]),
  );
  const tagsLeft = new Map(mostTags);
  const restToday = restOfDay(limits.perDay.items, doneToday) ?? limits.items;
  const itemLimit =
    restToday < limits.items
      ? { limit: "limits.perDay.items", most: restToday }
      : { limit: "limits.items", most: limits.items };
  let itemsLeft = itemLimit.most;

  /** Also those that hold it through nameless parts of theirs, which have no verdict of their own. */
  const holdersOf = ({ repository, graph, manifest }: Judged): Judged[] => {
    const above = new Set(graph.holdersOf(manifest.digest));
    const holders = new Set<Judged>();
    for (const holder of above) {
      const judged = place.get(placeOf(repository.name, holder));
      if (judged !== undefined) holders.add(judged);
      // A set goes on to what is added while it is walked.
      else for (const higher of graph.holdersOf(holder.digest)) above.add(higher);
    }
    return [...holders];
  };

  const settle = (one: Judged, path: readonly Judged[]): void => {
    if (going.has(one) || waiting.has(one) || path.includes(one)) return;
    const { repository, graph, manifest } = one;
    const holders = holdersOf(one);
    for (const holder of holders) settle(holder, [...path, one]);

    const stays = holders.find((holder) => !going.has(holder));
    // Nameless parts go with their index; that others may hold some of them only leaves more room.
    const items = 1 + graph.partsOf(manifest.digest).filter(({ tags }) => tags.length === 0).length;
    const room = tagsLeft.get(repository) ?? 0;
    if (stays !== undefined) {
      waiting.set(one, { why: "part-of", other: manifestName(repository, stays.manifest) });
    } else if (items > itemsLeft) {
      waiting.set(one, { why: "limit", unit: "items", ...itemLimit });
    } else if (manifest.tags.length > room) {
      const limit = `limits.share of the tags of ${repository.name}`;
      waiting.set(one, { why: "limit", unit: "items", limit, most: mostTags.get(repository) ?? 0 });
    } else {
      itemsLeft -= items;
      tagsLeft.set(repository, room - manifest.tags.length);
      going.add(one);
    }
  };

  for (const one of [...removable].sort(oldestFirst)) settle(one, []);
  return {
    going: [...going],
    waiting: [...waiting].map(([one, reason]) => ({ ...one, decision: "wait", reason })),
  };
}

function shareOfTags({ manifests }: RepositoryListing, share: number): number {
  const tags = manifests.reduce((sum, manifest) => sum + manifest.tags.length, 0);
  return Math.max(1, Math.floor((tags * share) / 100));
}

const placeOf = (repository: string, { digest }: Pick<RegistryManifest, "digest">) =>
  `${repository}@${digest}`;

function oldestFirst(a: Judged, b: Judged): number {
  return (
    ageOf(b) - ageOf(a) ||
    (placeOf(a.repository.name, a.manifest) < placeOf(b.repository.name, b.manifest) ? -1 : 1)
  );
}

function ageOf({ reason }: Judged): number {
  if (reason.why === "old") return reason.ageMs;
  return reason.why === "untagged" ? reason.untaggedForMs : 0;
}
