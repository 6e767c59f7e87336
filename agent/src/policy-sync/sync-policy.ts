/**
 * Holds the policy bundle in force and asks the collector for a newer one. Believes signatures of pinned keys and
 * nothing else: a collector can withhold a policy, never make one (P1, P2, P8).
 */
import {
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  errorChain,
  jitteredBackoffMs,
  type Backoff,
  type Clock,
} from "@shipkeeper/kit";
import type { PolicyBundle, RolloutHost } from "@shipkeeper/policy";
import {
  HALTED_HEADER,
  ORDERS_HEADER,
  MOST_BUNDLE_BYTES,
  MOST_POLL_SECONDS,
  type KnownEntry,
} from "@shipkeeper/protocol";
import {
  BundleRefused,
  sha256Hex,
  startLoop,
  type HttpAnswer,
  type Logger,
  type Service,
  type SignedClient,
} from "@shipkeeper/runtime";
import { loadHalt, saveHalt } from "./halt-file.ts";
import { judgeOffer, loadHeldBundle, saveHeldBundle, type HeldBundle } from "./policy-file.ts";

export interface PolicySyncOptions {
  readonly file: string;
  /** Where it is remembered that a revision was halted. */
  readonly haltFile: string;
  /** Undefined while the host is not enrolled. */
  readonly client: () => SignedClient | undefined;
  /** Who this host is to rollouts. Asked once the host is enrolled. */
  readonly host: () => RolloutHost;
  /** Fingerprints of the keys that may sign policies. None: no policy is believed. */
  readonly policyKeys: () => readonly string[];
  /** From now on these keys may sign, and no others. Returns once that is on disk. */
  readonly trustKeys: (fingerprints: readonly string[]) => void;
  /** The collector says that orders wait for this host. */
  readonly ordersWait?: () => void;
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
  /** The revision in force, where its rollout was halted: then this host only observes. */
  haltedRevision(): number | undefined;
  /** The collector says that a revision was halted. Only the one in force is; that lasts until a newer one comes. */
  noteHalt(revision: number): void;
  /** Asks now: the host was enrolled, or a newer revision was heard of. Does not shorten a back-off. */
  nudge(): void;
}

const BACKOFF: Backoff = { firstMs: SECOND_MS, mostMs: 5 * MINUTE_MS };

/** JSON escapes may double the payload, and the envelope has its own few bytes. */
const MOST_ENVELOPE_BYTES = 2 * MOST_BUNDLE_BYTES + 4_096;

/** What a long poll may take beyond its own time. */
const GRACE_MS = 15 * SECOND_MS;

const MOST_TROUBLES_AN_HOUR = 20;

/** An offer that is too early is looked at again this soon: meanwhile something else may be offered. */
const MOST_EARLY_WAIT_MS = 10 * SECOND_MS;

/** A server that answers "nothing newer" at once, and not after the poll's time, is not asked more often than this. */
const LEAST_POLL_MS = 2 * SECOND_MS;

export function startPolicySync(options: PolicySyncOptions): PolicySync {
  const { file, haltFile, client, policyKeys, changed, report, clock, log, backoff = BACKOFF } = options;
  const pollSeconds = options.pollSeconds ?? MOST_POLL_SECONDS;
  let held: HeldBundle | undefined;
  let halted: number | undefined;
  let toldEarly = 0;
  let failures = 0;
  let told = { since: clock(), signs: new Set<string>() };

  /** Told once, not at each poll that meets it again, and only so many in an hour: whoever offers them may flood. */
  const trouble = (code: string, message: string, offer: string) => {
    if (clock() - told.since >= HOUR_MS) told = { since: clock(), signs: new Set() };
    const sign = sha256Hex(`${message}\n${offer}`);
    if (told.signs.has(sign) || told.signs.size >= MOST_TROUBLES_AN_HOUR) return;
    told.signs.add(sign);
    log.error(message);
    report({ kind: "trouble", at: clock(), code, message });
  };

  /**
   * The bundle is on disk before the keys that it introduces. A crash in between leaves it beside the keys that it was
   * believed by, so it is believed again at the next start, and this is done then. The other way round a bundle of the
   * retired key would lie beside keys that do not include it, and the host would be without a policy.
   */
  const adoptKeys = ({ bundle: { keys, revision } }: HeldBundle) => {
    if (keys === undefined || keys.join(" ") === policyKeys().join(" ")) return;
    options.trustKeys(keys);
    log.warn({ revision, keys }, "a policy bundle introduced the keys that may sign from now on");
    const facts = { revision, keys: keys.map((key) => key.slice(0, 16)).join(" ") };
    report({ kind: "event", at: clock(), what: "policy-keys-changed", facts });
  };

  const load = () => {
    try {
      held = loadHeldBundle(file, policyKeys());
      if (held !== undefined) adoptKeys(held);
    } catch (error) {
      trouble("held_policy_refused", `the policy in ${file} is not used: ${errorChain(error)}`, "");
    }
    try {
      halted = loadHalt(haltFile);
    } catch (error) {
      halted = held?.bundle.revision; // something was halted, and a pause too many does no harm
      trouble("policy_halt_unreadable", `${haltFile} cannot be read: ${errorChain(error)}`, "");
    }
  };

  const haltedRevision = () => (halted === held?.bundle.revision ? halted : undefined);

  const noteHalt = (revision: number) => {
    if (revision !== held?.bundle.revision || revision === halted) return;
    saveHalt(haltFile, revision);
    halted = revision;
    log.warn(
      { revision },
      "the rollout of the policy in force was halted: this host observes until a newer one",
    );
    report({ kind: "event", at: clock(), what: "policy-halted", facts: { revision } });
  };

  const failed = (message: string): number => {
    failures += 1;
    log[failures === 1 ? "warn" : "debug"]({ failures }, `cannot ask for the policy: ${message}`);
    return jitteredBackoffMs(backoff, failures, Math.random);
  };

  const take = (envelope: string): number => {
    try {
      const offer = judgeOffer(envelope, {
        policyKeys: policyKeys(),
        held,
        host: options.host(),
        now: clock(),
      });
      failures = 0;
      if (offer.kind === "held") return LEAST_POLL_MS;
      if (offer.kind === "early") return early(offer);
      const { offered } = offer;
      saveHeldBundle(file, offered);
      held = offered;
      adoptKeys(offered);
      log.info({ revision: offered.bundle.revision }, "a new policy is in force");
      changed(offered.bundle);
      return 0;
    } catch (error) {
      if (!(error instanceof BundleRefused)) throw error;
      trouble("policy_refused", errorChain(error), envelope);
      return failed("what it offers is refused");
    }
  };

  const early = ({ revision, at }: { revision: number; at: number }): number => {
    if (toldEarly !== revision) {
      log.info({ revision, at: new Date(at).toISOString() }, "a new policy waits for this host's ring");
    }
    toldEarly = revision;
    return Math.min(Math.max(at - clock(), LEAST_POLL_MS), MOST_EARLY_WAIT_MS);
  };

  const takeHalt = ({ headers }: HttpAnswer) => {
    const revision = headers[HALTED_HEADER];
    if (typeof revision === "string" && /^\d{1,15}$/.test(revision)) noteHalt(Number(revision));
  };

  /** What is held and believed, so that the collector offers what this host can take, and waits where it has nothing. */
  const pollTarget = (): string => {
    const halt = haltedRevision();
    const query = [
      `held=${held?.bundle.revision ?? 0}`,
      ...(halt === undefined ? [] : [`halted=${halt}`]),
      `trusts=${policyKeys().join(",")}`,
      `wait=${pollSeconds}`,
    ];
    return `/agent/v1/policy?${query.join("&")}`;
  };

  const poll = async (through: SignedClient, signal: AbortSignal): Promise<number> => {
    const asked = performance.now();
    const answer = await through.call({
      method: "GET",
      target: pollTarget(),
      deadlineMs: pollSeconds * SECOND_MS + GRACE_MS,
      mostAnswerBytes: MOST_ENVELOPE_BYTES,
      signal,
    });
    const { status, body } = answer;
    if (status === 200) return take(body.toString("utf8"));
    if (status !== 204) return failed(`the collector answered ${status}`);
    takeHalt(answer);
    if (answer.headers[ORDERS_HEADER] !== undefined) options.ordersWait?.();
    failures = 0;
    return Math.max(0, LEAST_POLL_MS - (performance.now() - asked));
  };

  const turn = async (signal: AbortSignal): Promise<number> => {
    const through = client();
    if (through === undefined) return MINUTE_MS;
    try {
      if (held !== undefined) adoptKeys(held); // where the disk had no room for them before
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
    haltedRevision,
    noteHalt,
    nudge() {
      if (failures === 0) loop.nudge();
    },
    stop: () => loop.stop(),
  };
}
