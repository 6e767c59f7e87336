import type { World } from "../../round/world.ts";
import { counted, restOfDay, type Limit } from "../limits.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneSpec } from "./spec.ts";

/** A share never means fewer things than this, so that a host with three images can prune, too. */
export const SMALL_HOST = 10;

/** The stricter of policy and guardrails, where any of them limits the bytes of a run. */
export function byteLimit(spec: PruneSpec, world: World): number | undefined {
  const limits = limitsOf(spec, world).filter(({ unit }) => unit === "bytes");
  return limits.length === 0 ? undefined : Math.min(...limits.map(({ most }) => most));
}

/** Every limit that a run of the rule has here. */
export function limitsOf(
  { limits: { items, bytes, share } }: PruneSpec,
  world: World,
): Limit<PruneVerdict>[] {
  const { images, containers } = world.inventory;
  const { perRun, perDay } = world.guardrails.limits;
  const { lastDay } = world.ledger;
  const ofImages = (verdict: PruneVerdict) => (verdict.target.type === "image" ? 1 : 0);
  const ofContainers = (verdict: PruneVerdict) => (verdict.target.type === "container" ? 1 : 0);
  const shareOf = (count: number) => Math.max(SMALL_HOST, Math.floor((count * share) / 100));

  return [
    counted("limits.items", items, () => 1),
    counted("limits.share of the images", shareOf(images.length), ofImages),
    counted("limits.share of the containers", shareOf(containers.length), ofContainers),
    sized("limits.bytes", bytes),
    counted("guardrails limits.perRun.images", perRun.images, ofImages),
    counted("guardrails limits.perRun.containers", perRun.containers, ofContainers),
    sized("guardrails limits.perRun.bytes", perRun.bytes),
    counted("guardrails limits.perDay.images", restOfDay(perDay.images, lastDay.images), ofImages),
    counted(
      "guardrails limits.perDay.containers",
      restOfDay(perDay.containers, lastDay.containers),
      ofContainers,
    ),
  ].flat();
}

function sized(name: string, most: number | undefined): Limit<PruneVerdict>[] {
  return most === undefined ? [] : [{ name, unit: "bytes", most, costOf: ({ bytes }) => bytes ?? 0 }];
}
