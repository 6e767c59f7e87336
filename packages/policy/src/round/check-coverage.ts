import type { Inventory } from "@shipkeeper/model";
import type { PlannedRule } from "./round.ts";
import type { World } from "./world.ts";

/** What each kind must have an opinion on. */
const CANDIDATES: Readonly<Record<string, (inventory: Inventory) => string[]>> = {
  prune: ({ images, containers }) => [
    ...images.map(({ id }) => id),
    ...containers.filter(({ state }) => state !== "running").map(({ id }) => id),
  ],
  backup: ({ volumes }) => volumes.map(({ name }) => name),
  restart: ({ containers }) =>
    containers.filter(({ health }) => health.status !== "none").map(({ id }) => id),
  expire: ({ containers }) => containers.map(({ id }) => id),
};

/** Every candidate has a verdict with a reason, and no thing has two; in two places, a volume may. */
export function checkCoverage({ kind, verdicts }: PlannedRule, { inventory }: World): string[] {
  const judged = new Set(verdicts.map(({ target }) => target.id));
  const missing = (CANDIDATES[kind]?.(inventory) ?? []).filter((id) => !judged.has(id));
  const places = verdicts.map(
    ({ target, reason }) => `${target.type} ${target.id} ${String(reason["repository"])}`,
  );
  const silent = verdicts.filter(({ reason }) => reason.why === "");

  return [
    ...missing.map((id) => `no verdict on ${id}`),
    ...(new Set(places).size === places.length ? [] : ["two verdicts on one thing"]),
    ...silent.map(({ target }) => `no reason for ${target.id}`),
  ];
}
