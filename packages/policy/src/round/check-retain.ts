import { DAY_MS, MINUTE_MS } from "@shipkeeper/kit";
import type { Verdict } from "../actions/action.ts";
import { catalog } from "../actions/catalog.ts";
import type { ListedRestorePoint } from "./outside.ts";
import type { World } from "./world.ts";

/** What forbids to let a restore point go, from the listing and the rule alone. */
export function checkForgetting(
  { target, expect }: Verdict,
  { outside, inventory, now, hostId, ledger }: World,
  rawSpec: unknown,
): (string | false)[] {
  const spec = catalog.retain.spec.safeParse(rawSpec).data;
  const repository = String(expect?.["repository"]);
  const listing = outside?.restorePoints?.get(repository);
  const point = listing?.points.find(({ id }) => id === target.id);
  if (spec === undefined || listing === undefined || point === undefined) return ["is not listed"];

  const { keep } = spec;
  const isRules = ({ rule = "" }: ListedRestorePoint) => rule.endsWith(`/${spec.of}`);
  const isSafety = point.rule === "shipkeeper/safety";
  const ofHost = listing.points.filter((one) => one.hostId === hostId);
  const alike = ofHost.filter((one) => one.dataset === point.dataset);
  const newestAt = Math.max(
    ...alike.filter((one) => isRules(one) && one.at <= now + 5 * MINUTE_MS).map(({ at }) => at),
  );
  const shared = [
    !spec.to.includes(repository) && "is in a repository of another rule",
    (listing.appendOnly || listing.problem !== undefined) && "is in a repository that may not be touched",
    point.hostId !== hostId && "is another host's",
    !isSafety && !isRules(point) && "was made by another rule",
    isSafety && !alike.some(isRules) && "was saved of what the rule does not back up",
    now - point.at <= (isSafety ? 30 * DAY_MS : keep.within) && "is too young",
  ];

  const [, volume] = /^(?:volume|dump):(.*)$/s.exec(point.dataset) ?? [];
  const isGone =
    volume !== undefined &&
    inventory.gaps.every(({ section }) => section !== "volumes") &&
    inventory.volumes.every(({ name }) => name !== volume);
  const goneMs = keep.gone ?? Infinity;
  if (isGone && alike.every(({ at }) => now - at > goneMs))
    return [...shared, ofHost.every(({ at }) => now - at > keep.within) && "nothing comes there any more"];

  const isProven = ledger.proofs.some(({ passed, restorePoint }) => passed && restorePoint === point.id);
  return [
    ...shared,
    !isSafety && point.at === newestAt && "is the newest",
    now - newestAt > keep.within && "nothing newer comes",
    !isSafety && isProven && "is what was proven last",
  ];
}
