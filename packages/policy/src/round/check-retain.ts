import { MINUTE_MS } from "@shipkeeper/kit";
import type { Verdict } from "../actions/action.ts";
import { catalog } from "../actions/catalog.ts";
import type { World } from "./world.ts";

/** What forbids to let a restore point go, from the listing and the rule alone. */
export function checkForgetting(
  { target, expect }: Verdict,
  { outside, now, hostId, ledger }: World,
  rawSpec: unknown,
): (string | false)[] {
  const spec = catalog.retain.spec.safeParse(rawSpec).data;
  const repository = String(expect?.["repository"]);
  const listing = outside?.restorePoints?.get(repository);
  const point = listing?.points.find(({ id }) => id === target.id);
  if (spec === undefined || listing === undefined || point === undefined) return ["is not listed"];

  const alike = listing.points.filter(
    (one) =>
      one.hostId === point.hostId &&
      one.dataset === point.dataset &&
      one.rule === point.rule &&
      one.at <= now + 5 * MINUTE_MS,
  );
  const newestAt = Math.max(...alike.map(({ at }) => at));
  const isProven = ledger.proofs.some(({ passed, restorePoint }) => passed && restorePoint === point.id);
  return [
    !spec.to.includes(repository) && "is in a repository of another rule",
    (listing.appendOnly || listing.problem !== undefined) && "is in a repository that may not be touched",
    point.hostId !== hostId && "is another host's",
    !(point.rule ?? "").endsWith(`/${spec.of}`) && "was made by another rule",
    now - point.at <= spec.keep.within && "is too young",
    point.at === newestAt && "is the newest",
    now - newestAt > spec.keep.within && "nothing newer comes",
    isProven && "is what was proven last",
  ];
}
