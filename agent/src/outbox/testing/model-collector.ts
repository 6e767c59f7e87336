import { decodeEntry, type Entry, type Receipt } from "@shipkeeper/protocol";
import type { WaitingBatch } from "../outbox.ts";

/**
 * What a collector must come to, in a few lines: it stores each number of an epoch once, refuses some for ever, and
 * keeps the account that S3 speaks of. The real one is held to the same by its own tests.
 */
export class ModelCollector {
  readonly stored = new Map<number, Entry>();
  readonly refused = new Set<number>();
  readonly #poison: (what: string) => boolean;
  #ackedThrough = 0;

  constructor(poison: (what: string) => boolean = () => false) {
    this.#poison = poison;
  }

  take({ epoch, entries }: WaitingBatch): Receipt {
    for (const { seq, body } of entries) {
      const decoded = decodeEntry(body);
      const entry = "entry" in decoded ? decoded.entry : undefined;
      const isPoison = entry === undefined || (entry.kind === "event" && this.#poison(entry.what));
      if (isPoison) this.refused.add(seq);
      else if (!this.stored.has(seq)) this.stored.set(seq, entry);
      this.#ackedThrough = Math.max(this.#ackedThrough, seq);
    }
    const rejected = entries
      .filter(({ seq }) => this.refused.has(seq))
      .map(({ seq }) => ({ seq, code: "poison", message: "never" }));
    return { epoch, ackedThrough: this.#ackedThrough, rejected, serverTime: 0, policyRevision: 0 };
  }

  /** Entries that the agent said it lost, by reason. */
  declared(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const entry of this.stored.values()) {
      if (entry.kind === "dropped") sums[entry.why] = (sums[entry.why] ?? 0) + entry.count;
    }
    return sums;
  }

  /** The names of the events that it holds, in the order of their numbers. */
  events(): string[] {
    return [...this.stored.entries()]
      .toSorted(([a], [b]) => a - b)
      .flatMap(([, entry]) => (entry.kind === "event" ? [entry.what] : []));
  }
}
