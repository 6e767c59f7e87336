import type { Instant } from "@shipkeeper/kit";
import { isComplete, type Container, type Inventory } from "@shipkeeper/model";
import type { Orphans } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";

type Kind = keyof Orphans;

/** Since when no container, in whatever state, refers to a volume or a network. */
export function orphans(db: Database) {
  const select = db.prepare<[Kind], { id: string; since: Instant }>(/*sql*/ `
    SELECT id, since FROM orphan WHERE kind = ? ORDER BY id`);
  const see = db.prepare(/*sql*/ `
    INSERT INTO orphan (kind, id, since) VALUES (@kind, @id, @at) ON CONFLICT DO NOTHING`);
  const use = db.prepare(/*sql*/ `
    UPDATE orphan SET since = max(since, @at) WHERE kind = @kind AND id = @id`);
  const forget = db.prepare(/*sql*/ `DELETE FROM orphan WHERE kind = ? AND id = ?`);

  function remember(inventory: Inventory, kind: Kind, present: readonly string[]): void {
    const used = referredTo(inventory.containers, kind);
    const isWhole = isComplete(inventory, kind);
    // A container that could not be looked at may use anything: nobody is an orphan by its absence.
    if (isWhole && isComplete(inventory, "containers")) {
      for (const id of present) if (!used.has(id)) see.run({ kind, id, at: inventory.takenAt });
    }
    const here = new Set(present);
    for (const { id } of select.all(kind)) {
      if (used.has(id) || (isWhole && !here.has(id))) forget.run(kind, id);
    }
  }

  return {
    remember(inventory: Inventory): void {
      const { volumes, networks } = inventory;
      remember(
        inventory,
        "volumes",
        volumes.map(({ name }) => name),
      );
      remember(
        inventory,
        "networks",
        networks.map(({ id }) => id),
      );
    },

    /** A container came and may be gone again: the time counts from then. */
    rememberUse(kind: Kind, id: string, at: Instant): void {
      use.run({ kind, id, at });
    },

    all(): Orphans {
      const sinceOf = (kind: Kind) => new Map(select.all(kind).map(({ id, since }) => [id, since]));
      return { volumes: sinceOf("volumes"), networks: sinceOf("networks") };
    },
  };
}

function referredTo(containers: readonly Container[], kind: Kind): ReadonlySet<string> {
  return new Set(
    containers.flatMap(({ mounts, networks }) =>
      kind === "volumes" ? mounts.flatMap(({ volume }) => volume ?? []) : networks.map(({ id }) => id),
    ),
  );
}
