import type { Inventory } from "@shipkeeper/model";
import type { PlannedRule } from "./round.ts";
import type { World } from "./world.ts";

/** What each kind must have an opinion on. */
const CANDIDATES: Readonly<Record<string, (inventory: Inventory, spec: unknown) => string[]>> = {
  prune: ({ images, containers, volumes, networks, buildCache }, spec) => [
    ...images.map(({ id }) => id),
    ...containers.filter(({ state }) => state !== "running").map(({ id }) => id),
    ...(speaksOf(spec, "volumes") ? volumes.map(({ name }) => name) : []),
    ...(speaksOf(spec, "networks") ? networks.map(({ id }) => id) : []),
    ...(speaksOf(spec, "buildCache") ? buildCache.map(({ id }) => id) : []),
  ],
  backup: ({ volumes, containers, images }, spec) => {
    const { select, consistency } = spec as { select: Record<string, unknown>; consistency?: unknown };
    const kind = typeof consistency === "object" ? "dump" : "volume";
    const writable = containers.flatMap(({ mounts }) =>
      mounts.filter(({ type, readOnly }) => type === "bind" && !readOnly),
    );
    return [
      ...("volumes" in select || "labels" in select ? volumes.map(({ name }) => `${kind}:${name}`) : []),
      ...("binds" in select ? writable.map(({ source }) => `bind:${source}`) : []),
      ...("host" in select ? ["host:configuration"] : []),
      ...("images" in select
        ? images
            .filter(({ id }) => containers.some(({ imageId }) => imageId === id))
            .map(({ id, tags }) => `image:${[...tags].sort()[0] ?? id}`)
        : []),
    ];
  },
  restart: ({ containers }) =>
    containers.filter(({ health }) => health.status !== "none").map(({ id }) => id),
  expire: ({ containers }) => containers.map(({ id }) => id),
  rebuild: (_, spec) => [(spec as { host: string }).host],
};

/** Of these a rule judges nothing where it does not name them: a host may have thousands of records of build cache. */
function speaksOf(spec: unknown, section: string): boolean {
  return (spec as Record<string, unknown> | undefined)?.[section] !== undefined;
}

/** Every candidate has a verdict with a reason, and no thing has two; in two places, a volume may. */
export function checkCoverage(
  { kind, verdicts }: PlannedRule,
  { inventory }: World,
  spec: unknown,
): string[] {
  const judged = new Set(verdicts.map(({ target }) => target.id));
  const missing = (CANDIDATES[kind]?.(inventory, spec) ?? []).filter((id) => !judged.has(id));
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
