/** Sends an enrolled host's requests to its collector: signed with its key, by the collector's clock. */
import type { Clock, Instant } from "@shipkeeper/kit";
import { httpRequest, type HttpAnswer } from "./http-request.ts";
import { signRequest, type Signer } from "./signed-http.ts";

export interface SignedCall {
  readonly method: "GET" | "POST";
  /** Path and query below the collector's address. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly deadlineMs: number;
  readonly mostAnswerBytes?: number;
  readonly signal?: AbortSignal;
}

export interface SignedClient {
  /** Resolves with whatever status came; throws `RequestFailed` where no whole answer did. */
  call(call: SignedCall): Promise<HttpAnswer>;
}

const NOTHING = new Uint8Array();

/** A 401 whose date is further than this from our clock is about the clock: half of what a collector tolerates. */
const SKEW_WORTH_MENDING_MS = 150_000;

/** No host is believed to be off by more than a day: beyond that somebody has to look at it. */
const MOST_SKEW_MS = 24 * 60 * 60_000;

/**
 * A host whose clock is wrong still reaches its collector: the difference is learned from a 401's `date`, used for
 * signing only, and the call is made once more. Whoever forges that date gains nothing: it only makes us fail.
 */
export function signedClient({
  collector,
  signer,
  clock,
}: {
  collector: URL;
  signer: Signer;
  clock: Clock;
}): SignedClient {
  let skewMs = 0;

  const send = (call: SignedCall): Promise<HttpAnswer> => {
    const { method, target, body = NOTHING } = call;
    const signature = signRequest({ method, target, body }, signer, Math.round(clock() + skewMs));
    return httpRequest({
      ...call,
      url: addressBelow(collector, target),
      headers: { ...call.headers, ...signature },
    });
  };

  return {
    async call(call) {
      const answer = await send(call);
      const mended = skewToMend(answer, { now: clock(), skewMs });
      if (mended === undefined) return answer;
      skewMs = mended;
      return send(call);
    },
  };
}

/**
 * How far the server's clock is from ours, where its refusal is about that and we did not know: a 401 with another
 * `date` than the time that we signed with. Undefined where trying again would not help.
 */
export function skewToMend(
  { status, headers }: Pick<HttpAnswer, "status" | "headers">,
  { now, skewMs }: { now: Instant; skewMs: number },
): number | undefined {
  if (status !== 401) return undefined;
  const seenMs = Date.parse(headers.date ?? "") - now;
  const isNews = Math.abs(seenMs - skewMs) > SKEW_WORTH_MENDING_MS;
  return isNews && Math.abs(seenMs) <= MOST_SKEW_MS ? seenMs : undefined;
}

/**
 * A collector may live below a path, `https://ops.example/shipkeeper`, if the proxy in front takes that path off again:
 * what is signed is the target as the collector sees it.
 */
export function addressBelow(collector: URL, target: string): URL {
  return new URL(`${collector.href.replace(/\/+$/, "")}${target}`);
}
