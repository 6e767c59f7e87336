import type { Engine } from "../engine.ts";

/** A call of the port that may be made to fail. */
export type FakeCall = Exclude<keyof Engine, "address" | "events">;

/** What shall go wrong until it is healed. */
export interface Fault {
  /** Every call where undefined. */
  readonly call?: FakeCall;
  /** Only for this id, reference or name. */
  readonly subject?: string;
  /** `hang` answers only when the caller's signal aborts, or the fault is healed. */
  readonly with: Error | "hang";
}

export interface Faults {
  /** Returns what heals it. */
  add(fault: Fault): () => void;
  /** Waits or throws where a fault stands in the way of this call. */
  meet(call: FakeCall, subject: string | undefined, signal: AbortSignal | undefined): Promise<void>;
}

export function faults(): Faults {
  const standing = new Map<Fault, PromiseWithResolvers<void>>();

  return {
    add(fault) {
      const healed = Promise.withResolvers<void>();
      standing.set(fault, healed);
      return () => {
        standing.delete(fault);
        healed.resolve();
      };
    },

    async meet(call, subject, signal) {
      signal?.throwIfAborted();
      for (const [fault, healed] of standing) {
        const isMeant = fault.call === undefined || fault.call === call;
        if (!isMeant || (fault.subject !== undefined && fault.subject !== subject)) continue;
        if (fault.with !== "hang") throw fault.with;
        await Promise.race([healed.promise, untilAborted(signal)]);
      }
    },
  };
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
