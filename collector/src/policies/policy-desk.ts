/** Takes pushed policy bundles and hands the newest to agents that wait for it. It cannot make one: it holds no key. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { OperationalError, type Instant } from "@shipkeeper/kit";
import { signedBundleSchema, type PolicyPushReply, type SignedBundle } from "@shipkeeper/protocol";
import { keyFingerprint, openBundle, type Logger } from "@shipkeeper/runtime";
import type { Store } from "../store/store.ts";

/** Two people pushed at once, or somebody pushes an old file. */
export class RevisionConflict extends OperationalError {
  override readonly name = "RevisionConflict";
  readonly code = "revision_conflict";
  readonly retryable = false;
  constructor({ pushed, expected }: { pushed: number; expected: number }) {
    super(`the bundle has revision ${pushed}; the next one is ${expected}`);
  }
}

export interface PolicyDesk {
  /** Throws `BundleRefused`, `RevisionConflict`. */
  push(raw: unknown, pushed: { at: Instant; by: string }): PolicyPushReply;
  /** A bundle newer than `held` as soon as there is one; undefined after `waitMs`, or when the signal says so. */
  newerThan(held: number, wait: { waitMs: number; signal: AbortSignal }): Promise<SignedBundle | undefined>;
  /** How many wait. */
  waiting(): number;
  /** Sends all who wait home. */
  close(): void;
}

export interface PolicyDeskOptions {
  readonly store: Store;
  readonly log: Logger;
  /** Fingerprints of the keys that may sign; empty: whichever signs the first push. */
  readonly configuredKeys: readonly string[];
}

export function openPolicyDesk({ store, log, configuredKeys }: PolicyDeskOptions): PolicyDesk {
  const waiting = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of waiting) wake();
  };

  function newest(held: number): SignedBundle | undefined {
    const inForce = store.policies.inForce();
    return inForce !== undefined && inForce.bundle.revision > held ? inForce.signed : undefined;
  }

  return {
    push(raw, { at, by }) {
      const reply = store.transaction(() => {
        const trusted = configuredKeys.length > 0 ? configuredKeys : store.policies.trustedKeys();
        const signer = signedBundleSchema.safeParse(raw).data;
        const fingerprint = signer === undefined ? "" : keyFingerprint(signer.publicKey);
        const isFirst = trusted.length === 0;
        const bundle = openBundle(raw, isFirst ? [fingerprint] : trusted);
        const expected = (store.policies.inForce()?.bundle.revision ?? 0) + 1;
        if (bundle.revision !== expected) throw new RevisionConflict({ pushed: bundle.revision, expected });

        if (isFirst) store.policies.trustKey(fingerprint, at, by);
        store.policies.add(signedBundleSchema.parse(raw), bundle, { at, by });
        return { revision: bundle.revision, keyFingerprint: fingerprint, keyTrustedByThisPush: isFirst };
      });
      wakeAll();
      void resolveOwnersAgain(store, reply.revision).catch((error: unknown) =>
        log.error({ error }, "cannot find the owners by the new policy"),
      );
      return reply;
    },

    async newerThan(held, { waitMs, signal }) {
      const at = newest(held);
      if (at !== undefined || waitMs === 0 || signal.aborted) return at;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiting.delete(done);
          signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, waitMs);
        waiting.add(done);
        signal.addEventListener("abort", done, { once: true });
      });
      return newest(held);
    },

    waiting: () => waiting.size,
    close: wakeAll,
  };
}

/** Host by host, each its own short transaction: a large fleet must not keep its agents waiting for a policy push. */
async function resolveOwnersAgain(store: Store, revision: number): Promise<void> {
  for (const hostId of store.hosts.ids()) {
    await nextTurn();
    if (store.isClosed() || store.policies.inForce()?.bundle.revision !== revision) return; // a newer push does it
    store.owners.resolveAgain(hostId);
  }
}
