import { NOTHING_TODAY } from "../../round/step-counts.ts";
import type { World } from "../../round/world.ts";
import { counted, restOfDay, type Limit } from "../limits.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneSpec } from "./spec.ts";

/** A share never means fewer things than this, so that a host with three images can prune, too. */
export const SMALL_HOST = 10;

/** Type of target → what the limits and the inventory call its kind. */
const LIMITED = [
  ["image", "images"],
  ["container", "containers"],
  ["volume", "volumes"],
  ["network", "networks"],
] as const;

/** No file allows a run more: data goes slowly enough for somebody to notice. */
const MOST_VOLUMES = 5;

/** The least of the limits in bytes, where there is any. */
export function byteLimit(limits: readonly Limit<PruneVerdict>[]): number | undefined {
  const sizes = limits.filter(({ unit }) => unit === "bytes").map(({ most }) => most);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

/** Every limit that a run of the rule has here, the policy's and the guardrails': the strictest decides. */
export function limitsOf({ limits }: PruneSpec, world: World, rule: string): Limit<PruneVerdict>[] {
  const { inventory, guardrails, ledger } = world;
  const { perRun, perDay } = guardrails.limits;
  const { items, bytes, share, perDay: ruleDay } = limits;
  const today = ledger.ruleDays.get(rule) ?? NOTHING_TODAY;

  const ofEachKind = LIMITED.flatMap(([type, kind]) => {
    const cost = costOf(type);
    const most = Math.max(SMALL_HOST, Math.floor((inventory[kind].length * share) / 100));
    return [
      counted(`limits.share of the ${kind}`, most, cost),
      counted(`guardrails limits.perRun.${kind}`, perRun[kind], cost),
      counted(`guardrails limits.perDay.${kind}`, restOfDay(perDay[kind], ledger.lastDay[kind]), cost),
    ].flat();
  });
  return [
    counted("limits.items", items, () => 1),
    sized("limits.bytes", bytes),
    counted("limits.perDay.items", restOfDay(ruleDay.items, today.items), () => 1),
    sized("limits.perDay.bytes", restOfDay(ruleDay.bytes, today.bytes)),
    ...ofEachKind,
    counted("the most volumes of one run", MOST_VOLUMES, costOf("volume")),
    sized("guardrails limits.perRun.bytes", perRun.bytes),
  ].flat();
}

function costOf(type: string): (verdict: PruneVerdict) => number {
  return ({ target }) => (target.type === type ? 1 : 0);
}

function sized(name: string, most: number | undefined): Limit<PruneVerdict>[] {
  return most === undefined ? [] : [{ name, unit: "bytes", most, costOf: ({ bytes }) => bytes ?? 0 }];
}
