/** Who performs which kind of order: one line a kind, and the compiler asks for it. */
import type { Ordered, OrderKind } from "@shipkeeper/protocol";

export interface PerformContext {
  readonly orderId: string;
  /** How far it is, in a sentence. */
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

type OrderedBy = { readonly [Kind in OrderKind]: Extract<Ordered, { kind: Kind }> };

/** Does what was ordered, and says in a few lines what came of it. Throws where it could or must not be. */
export type Performer<Kind extends OrderKind> = (
  what: OrderedBy[Kind],
  context: PerformContext,
) => Promise<string>;

export type Performers = { readonly [Kind in OrderKind]: Performer<Kind> };

/** `kind` is that of `what`: so the compiler sees that the two belong together. */
export function performOrder<Kind extends OrderKind>(
  performers: Performers,
  kind: Kind,
  what: OrderedBy[Kind],
  context: PerformContext,
): Promise<string> {
  return performers[kind](what, context);
}
