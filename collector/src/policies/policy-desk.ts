/**
 * Takes pushed policy bundles, and hands each to the agents that wait for it as its rollout reaches them. It cannot make
 * one: it holds no key. All that it can do to a host by itself is to have it observe.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { OperationalError, type Clock, type Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import {
  signedBundleSchema,
  type ApiRollout,
  type PolicyPushReply,
  type SignedBundle,
} from "@shipkeeper/protocol";
import { keyFingerprint, openBundle, type Logger } from "@shipkeeper/runtime";
import type { Store } from "../store/store.ts";
import { judgeRollout } from "./judge-rollout.ts";
import { haltOf, offerFor, type Asking } from "./offer.ts";

/** Two people pushed at once, or somebody pushes an old file. */
export class RevisionConflict extends OperationalError {
  override readonly name = "RevisionConflict";
  readonly code = "revision_conflict";
  readonly retryable = false;
  constructor({ pushed, expected }: { pushed: number; expected: number }) {
    super(`the bundle has revision ${pushed}; the next one is ${expected}`);
  }
}

/** Some hosts would refuse what the key signs, because they have not heard of it. */
export class KeyNotEverywhere extends OperationalError {
  override readonly name = "KeyNotEverywhere";
  readonly code = "key_not_everywhere";
  readonly retryable = true;
  constructor(fingerprint: string, introducedIn: number) {
    super(
      `key ${fingerprint.slice(0, 16)}… was introduced by revision ${introducedIn}, and no revision since has reached all hosts: sign with the key that introduced it, or wait`,
    );
  }
}

/** Hosts that missed the revision which introduced a key learn of it from any later one. */
export class KeysNotListed extends OperationalError {
  override readonly name = "KeysNotListed";
  readonly code = "keys_not_listed";
  readonly retryable = false;
  constructor(keys: readonly string[]) {
    super(`since a bundle introduced keys, every later one lists them, too: ${keys.join(", ")}`);
  }
}

/** What there is for a host that asked. */
export interface PolicyNews {
  readonly offer?: SignedBundle;
  /** The revision that it goes by was halted. */
  readonly haltedRevision?: number;
  /** So many orders wait for the host. */
  readonly orders?: number;
}

export interface PolicyDesk {
  /** Throws `BundleRefused`, `RevisionConflict`, `KeyNotEverywhere`, `KeysNotListed`. */
  push(raw: unknown, pushed: { at: Instant; by: string }): PolicyPushReply;
  /** Comes as soon as there is something that the host does not know, or with nothing of the kind when the wait is over. */
  newsFor(
    asking: Asking & { readonly knowsHalt: number },
    wait: { waitMs: number; signal: AbortSignal },
  ): Promise<PolicyNews>;
  /** No host gets the revision any more, and those that have it observe. False where it was halted before, or is unknown. */
  halt(revision: number, halted: { at: Instant; by: string; reasons: readonly string[] }): boolean;
  /** How far a revision has come; undefined where it is unknown. */
  progressOf(revision: number): ApiRollout | undefined;
  /** Fingerprints of the keys that may sign. */
  trustedKeys(this: void): readonly string[];
  /** Everybody who waits looks again: a ring was reached, or there is an order. */
  wakeAll(this: void): void;
  onPush(listener: () => void): () => void;
  /** How many wait. */
  waiting(): number;
  /** Sends all who wait home, from now on. */
  close(): void;
}

export interface PolicyDeskOptions {
  readonly store: Store;
  readonly log: Logger;
  readonly now: Clock;
  /** Fingerprints of the keys that may sign until a bundle lists others; empty: whichever signs the first push. */
  readonly configuredKeys: readonly string[];
}

export function openPolicyDesk({ store, log, now, configuredKeys }: PolicyDeskOptions): PolicyDesk {
  const waiting = new Set<() => void>();
  const pushListeners = new Set<() => void>();
  const toldOrders = new Map<HostId, ReadonlySet<string>>();
  let closed = false;
  const wakeAll = () => {
    for (const wake of waiting) wake();
  };

  function trustedKeys(): readonly string[] {
    const listed = store.policies.listedKeys();
    if (listed.length > 0) return listed;
    return configuredKeys.length > 0 ? configuredKeys : store.policies.trustedKeys();
  }

  /** All of it or nothing: runs in a transaction. */
  function takeIn(raw: unknown, { at, by }: { at: Instant; by: string }): PolicyPushReply {
    const { policies, rollouts } = store;
    const trusted = trustedKeys();
    const signer = signedBundleSchema.safeParse(raw).data;
    const fingerprint = signer === undefined ? "" : keyFingerprint(signer.publicKey);
    const isFirst = trusted.length === 0;
    const bundle = openBundle(raw, isFirst ? [fingerprint] : trusted);
    const { revision, keys } = bundle;
    const expected = policies.newestRevision() + 1;
    if (revision !== expected) throw new RevisionConflict({ pushed: revision, expected });
    const introducedIn = policies.introducedIn(fingerprint);
    if (introducedIn !== undefined && !rollouts.isDoneSince(introducedIn)) {
      throw new KeyNotEverywhere(fingerprint, introducedIn);
    }
    if (keys === undefined && policies.listedKeys().length > 0) throw new KeysNotListed(trusted);

    if (isFirst) policies.trustKey(fingerprint, at, by);
    if (keys !== undefined) policies.listKeys(keys, { revision, signer: fingerprint, at, by });
    policies.add(signedBundleSchema.parse(raw), bundle, { at, by });
    rollouts.begin(revision, at);
    return { revision, keyFingerprint: fingerprint, keyTrustedByThisPush: isFirst };
  }

  function newsNow(asking: Asking & { readonly knowsHalt: number }): PolicyNews | undefined {
    const offer = offerFor(store, asking, now())?.signed;
    if (offer !== undefined) return { offer };
    const haltedRevision = haltOf(store, asking);
    if (haltedRevision !== undefined && haltedRevision !== asking.knowsHalt) return { haltedRevision };
    return orderNews(asking.hostId);
  }

  /** Each order calls a host away from its wait once: what it made of it may take its time to be told. */
  function orderNews(hostId: HostId): PolicyNews | undefined {
    const waitingOrders = store.orders.waitingFor(hostId, now()).map(({ id }) => id);
    const told = toldOrders.get(hostId);
    if (waitingOrders.length === 0) toldOrders.delete(hostId);
    else toldOrders.set(hostId, new Set(waitingOrders));
    return waitingOrders.every((id) => told?.has(id)) ? undefined : { orders: waitingOrders.length };
  }

  const findOwnersAgain = () => {
    resolveOwnersAgain(store).catch((error: unknown) =>
      log.error({ error }, "cannot find the owners by the policy in force"),
    );
  };

  return {
    push(raw, pushed) {
      const reply = store.transaction(() => takeIn(raw, pushed));
      log.info({ revision: reply.revision, by: pushed.by }, "a policy was pushed");
      wakeAll();
      for (const listener of pushListeners) listener();
      findOwnersAgain();
      return reply;
    },

    async newsFor(asking, { waitMs, signal }) {
      const until = performance.now() + waitMs;
      for (;;) {
        const news = newsNow(asking);
        const leftMs = until - performance.now();
        if (news !== undefined) return news;
        if (leftMs <= 0 || signal.aborted || closed) return {};
        await new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            waiting.delete(done);
            signal.removeEventListener("abort", done);
            resolve();
          };
          const timer = setTimeout(done, Math.ceil(leftMs));
          waiting.add(done);
          signal.addEventListener("abort", done, { once: true });
        });
      }
    },

    halt(revision, halted) {
      const isHalted = store.rollouts.halt(revision, halted);
      if (!isHalted) return false;
      wakeAll();
      findOwnersAgain();
      return true;
    },

    progressOf(revision) {
      const rollout = store.rollouts.find(revision);
      const bundle = store.policies.bundleOf(revision)?.bundle;
      if (rollout === undefined || bundle === undefined) return undefined;
      const { rings, next } = judgeRollout(bundle, rollout, store.rollouts.hostFacts(revision, now()), now());
      const waits = rollout.state === "running" && next.step === "wait" ? { waitsFor: next.why } : {};
      const { halted } = rollout;
      return {
        state: rollout.state,
        rings: rings.map((ring, place) => ({ ...ring, reached: place <= rollout.ring })),
        ...waits,
        ...(halted === undefined ? {} : { halted: { ...halted, reasons: [...halted.reasons] } }),
      };
    },

    trustedKeys,
    wakeAll,
    onPush(listener) {
      pushListeners.add(listener);
      return () => pushListeners.delete(listener);
    },
    waiting: () => waiting.size,
    close() {
      closed = true;
      wakeAll();
    },
  };
}

/** Host by host, each its own short transaction: a large fleet must not keep its agents waiting for a policy push. */
async function resolveOwnersAgain(store: Store): Promise<void> {
  const revision = store.policies.inForce()?.bundle.revision;
  for (const hostId of store.hosts.ids()) {
    await nextTurn();
    if (store.isClosed() || store.policies.inForce()?.bundle.revision !== revision) return; // a newer push does it
    store.owners.resolveAgain(hostId);
  }
}
