/** Who performs which kind of order: one line a kind, and the compiler asks for it. */
import type { Ordered, OrderKind } from "@shipkeeper/protocol";

export interface PerformContext {
  readonly orderId: string;
  /** How far it is, in a sentence. */
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Does what was ordered, and says in a sentence what came of it. Throws where it could or must not be. */
export type Performer<Kind extends OrderKind = OrderKind> = (
  what: Extract<Ordered, { kind: Kind }>,
  context: PerformContext,
) => Promise<string>;

export type Performers = { readonly [Kind in OrderKind]: Performer<Kind> };
