/**
 * Holds the policy bundle in force and asks the collector for a newer one. Believes signatures of pinned keys and
 * nothing else: a collector can withhold a policy, never make one (P1, P2, P8).
 */
import {
  MINUTE_MS,
  SECOND_MS,
  errorChain,
  jitteredBackoffMs,
  type Backoff,
  type Clock,
} from "@shipkeeper/kit";
import type { PolicyBundle } from "@shipkeeper/policy";
import { MOST_BUNDLE_BYTES, MOST_POLL_SECONDS, type KnownEntry } from "@shipkeeper/protocol";
import {
  BundleRefused,
  sha256Hex,
  startLoop,
  type Logger,
  type Service,
  type SignedClient,
} from "@shipkeeper/runtime";
import { judgeOffer, loadHeldBundle, saveHeldBundle, type HeldBundle } from "./policy-file.ts";

export interface PolicySyncOptions {
  readonly file: string;
  /** Undefined while the host is not enrolled. */
  readonly client: () => SignedClient | undefined;
  /** Fingerprints of the keys that may sign policies. None: no policy is believed. */
  readonly policyKeys: () => readonly string[];
  /** Called with each bundle that comes into force, after it is on disk. */
  readonly changed: (bundle: PolicyBundle) => void;
  readonly report: (entry: KnownEntry) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backoff?: Backoff;
  readonly pollSeconds?: number;
}

export interface PolicySync extends Service {
  /** The bundle in force; undefined while there is none. */
  bundle(): PolicyBundle | undefined;
  /** Asks now: the host was enrolled, or a newer revision was heard of. Does not shorten a back-off. */
  nudge(): void;
}

const BACKOFF: Backoff = { firstMs: SECOND_MS, mostMs: 5 * MINUTE_MS };

/** JSON escapes may double the payload, and the envelope has its own few bytes. */
const MOST_ENVELOPE_BYTES = 2 * MOST_BUNDLE_BYTES + 4_096;

/** What a long poll may take beyond its own time. */
const GRACE_MS = 15 * SECOND_MS;

/** A server that answers "nothing newer" at once, and not after the poll's time, is not asked more often than this. */
const LEAST_POLL_MS = 2 * SECOND_MS;

export function startPolicySync(options: PolicySyncOptions): PolicySync {
  const { file, client, policyKeys, changed, report, clock, log, backoff = BACKOFF } = options;
  const pollSeconds = options.pollSeconds ?? MOST_POLL_SECONDS;
  let held: HeldBundle | undefined;
  let failures = 0;
  let lastTrouble = "";

  /** Told once, not at each poll that meets it again. */
  const trouble = (code: string, message: string, offer: string) => {
    const sign = sha256Hex(`${message}\n${offer}`);
    if (sign === lastTrouble) return;
    lastTrouble = sign;
    log.error(message);
    report({ kind: "trouble", at: clock(), code, message });
  };

  const load = () => {
    try {
      held = loadHeldBundle(file, policyKeys());
    } catch (error) {
      trouble("held_policy_refused", `the policy in ${file} is not used: ${errorChain(error)}`, "");
    }
  };

  const failed = (message: string): number => {
    failures += 1;
    log[failures === 1 ? "warn" : "debug"]({ failures }, `cannot ask for the policy: ${message}`);
    return jitteredBackoffMs(backoff, failures, Math.random);
  };

  const take = (envelope: string): number => {
    try {
      const offer = judgeOffer(envelope, { policyKeys: policyKeys(), held, now: clock() });
      if (offer === undefined) return LEAST_POLL_MS;
      saveHeldBundle(file, offer);
      held = offer;
      failures = 0;
      log.info({ revision: offer.bundle.revision }, "a new policy is in force");
      changed(offer.bundle);
      return 0;
    } catch (error) {
      if (!(error instanceof BundleRefused)) throw error;
      trouble("policy_refused", errorChain(error), envelope);
      return failed("what it offers is refused");
    }
  };

  const poll = async (through: SignedClient, signal: AbortSignal): Promise<number> => {
    const asked = performance.now();
    const { status, body } = await through.call({
      method: "GET",
      target: `/agent/v1/policy?held=${held?.bundle.revision ?? 0}&wait=${pollSeconds}`,
      deadlineMs: pollSeconds * SECOND_MS + GRACE_MS,
      mostAnswerBytes: MOST_ENVELOPE_BYTES,
      signal,
    });
    if (status === 200) return take(body.toString("utf8"));
    if (status !== 204) return failed(`the collector answered ${status}`);
    failures = 0;
    return Math.max(0, LEAST_POLL_MS - (performance.now() - asked));
  };

  const turn = async (signal: AbortSignal): Promise<number> => {
    const through = client();
    if (through === undefined) return MINUTE_MS;
    try {
      return await poll(through, signal);
    } catch (error) {
      return signal.aborted ? 0 : failed(errorChain(error));
    }
  };

  load();
  const loop = startLoop({ name: "policy-sync", log, turn, retryMs: backoff.mostMs });
  return {
    name: loop.name,
    bundle: () => held?.bundle,
    nudge() {
      if (failures === 0) loop.nudge();
    },
    stop: () => loop.stop(),
  };
}
