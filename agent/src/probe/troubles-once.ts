import type { Clock } from "@shipkeeper/kit";
import type { EntryOf } from "@shipkeeper/protocol";

/** A slip in a file of a hundred services is a hundred troubles; more than that nobody reads. */
const MOST_TOLD = 100;

/** Tells each trouble once in the life of the agent, and no more than a hundred of them. */
export function troublesOnce({
  code,
  clock,
  tell,
}: {
  readonly code: string;
  readonly clock: Clock;
  readonly tell: (entry: EntryOf<"trouble">) => void;
}) {
  const told = new Set<string>();
  return {
    tell(message: string): void {
      if (told.has(message) || told.size >= MOST_TOLD) return;
      told.add(message);
      tell({ kind: "trouble", at: clock(), code, message });
    },
  };
}
