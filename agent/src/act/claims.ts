/** Who has which container in hand, so that no two actions work on one. */
export interface Claims {
  /** Returns what lets go; undefined while somebody else has it. */
  take(id: string, work: string): (() => void) | undefined;
  /** As `take`, but several of the same work may have it at once: what only reads does not mind itself. */
  share(id: string, work: string): (() => void) | undefined;
  /** Container id → the work that has it in hand. */
  all(): ReadonlyMap<string, string>;
}

export function createClaims(): Claims {
  const held = new Map<string, { readonly work: string; readonly shared: boolean; holders: number }>();

  function hold(id: string, work: string, shared: boolean): (() => void) | undefined {
    const before = held.get(id);
    if (before !== undefined && !(shared && before.shared && before.work === work)) return undefined;
    const claim = before ?? { work, shared, holders: 0 };
    claim.holders += 1;
    held.set(id, claim);
    let holds = true;
    return () => {
      if (!holds) return;
      holds = false;
      claim.holders -= 1;
      if (claim.holders === 0) held.delete(id);
    };
  }

  return {
    take: (id, work) => hold(id, work, false),
    share: (id, work) => hold(id, work, true),
    all: () => new Map(Array.from(held, ([id, { work }]) => [id, work])),
  };
}
