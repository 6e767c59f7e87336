/**
 * Makes this host known to its collector, once in its life. The agent works meanwhile; only shipping and policies wait.
 * Never enrols a host anew by itself: whoever revoked it meant it.
 */
import {
  HOUR_MS,
  OperationalError,
  SECOND_MS,
  errorChain,
  jitteredBackoffMs,
  type Backoff,
  type Clock,
  type Instant,
} from "@shipkeeper/kit";
import type { HostLabels } from "@shipkeeper/model";
import {
  enrolReplySchema,
  enrolmentText,
  type EnrolRequest,
  type EnrollmentToken,
  type KnownEntry,
} from "@shipkeeper/protocol";
import {
  addressBelow,
  httpRequest,
  skewToMend,
  startLoop,
  type HttpAnswer,
  type Logger,
  type Service,
  type SigningKey,
} from "@shipkeeper/runtime";
import { writeIdentity, type Identity } from "./identity.ts";

export interface EnrolOptions {
  readonly collector: URL;
  readonly token: EnrollmentToken;
  readonly key: SigningKey;
  readonly stateDir: string;
  readonly hostname: string;
  readonly labels: HostLabels;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly enrolled: (identity: Identity) => void;
  /** Where something that a person has to mend is put down. */
  readonly report: (entry: KnownEntry) => void;
  readonly backoff?: Backoff;
}

/** The collector looked at the request and said no: another try needs another token or somebody's help. */
export class EnrolmentRefused extends OperationalError {
  override readonly name = "EnrolmentRefused";
  readonly code = "enrolment_refused";
  readonly retryable = false;
}

const BACKOFF: Backoff = { firstMs: SECOND_MS, mostMs: 60 * SECOND_MS };
const DEADLINE_MS = 30 * SECOND_MS;
const MOST_REPLY_BYTES = 65_536;

/** Tries until the collector answers, then calls `enrolled` and rests. */
export function startEnrolling(options: EnrolOptions): Service {
  const { log, clock, backoff = BACKOFF } = options;
  let failures = 0;
  let done = false;

  const turn = async (signal: AbortSignal): Promise<number> => {
    if (done) return HOUR_MS;
    try {
      const identity = await enrol(options, signal);
      writeIdentity(options.stateDir, identity);
      done = true;
      log.info({ hostId: identity.hostId }, "this host is enrolled");
      if (identity.policyKeys.length === 0) options.report(noPolicyKey(clock()));
      options.enrolled(identity);
      return HOUR_MS;
    } catch (error) {
      if (signal.aborted) return 0;
      failures += 1;
      const refused = error instanceof EnrolmentRefused;
      const waitMs = refused ? HOUR_MS : jitteredBackoffMs(backoff, failures, Math.random);
      log[refused ? "error" : "warn"]({ error, failures, waitMs }, "this host could not be enrolled");
      return waitMs;
    }
  };
  return startLoop({ name: "enrolment", log, turn, retryMs: backoff.mostMs });
}

/** One try. The same key and token may be sent again after a lost reply: the collector answers with the same host. */
export async function enrol(options: EnrolOptions, signal: AbortSignal): Promise<Identity> {
  const { token, clock } = options;
  let answer = await ask(options, clock(), signal);
  const skewMs = skewToMend(answer, { now: clock(), skewMs: 0 });
  if (skewMs !== undefined) answer = await ask(options, clock() + skewMs, signal);

  const { hostId } = readReply(answer);
  const policyKeys = token.policyKeyFingerprint === undefined ? [] : [token.policyKeyFingerprint];
  return { hostId, policyKeys, enrolledAt: clock() };
}

function ask(options: EnrolOptions, createdAt: Instant, signal: AbortSignal): Promise<HttpAnswer> {
  const { collector, token, key, hostname, labels, agentVersion } = options;
  const claim = { tokenId: token.id, publicKey: key.publicKey, hostname, labels, agentVersion, createdAt };
  const signature = key.sign(enrolmentText(claim));
  return httpRequest({
    url: addressBelow(collector, "/agent/v1/enroll"),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...claim, secret: token.secret, signature } satisfies EnrolRequest),
    deadlineMs: DEADLINE_MS,
    mostAnswerBytes: MOST_REPLY_BYTES,
    signal,
  });
}

function readReply({ status, body }: HttpAnswer) {
  const text = body.toString("utf8");
  const busy = status === 429 || status === 408 || status >= 500;
  if (status >= 400 && !busy) {
    throw new EnrolmentRefused(`the collector refused the enrolment with ${status}: ${text.slice(0, 300)}`);
  }
  try {
    if (status < 200 || status >= 300) throw new Error(`it answered ${status}`);
    return enrolReplySchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`no enrolment came from the collector's address: ${errorChain(error)}`, { cause: error });
  }
}

function noPolicyKey(at: number): KnownEntry {
  const message =
    "the enrolment token named no policy key: this host observes, and believes no policy until it is enrolled with one that does";
  return { kind: "trouble", at, code: "no_policy_key", message };
}
