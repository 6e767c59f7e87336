import { SECOND_MS, errorChain, type Instant } from "@shipkeeper/kit";
import {
  PROTOCOL_VERSION,
  receiptSchema,
  type AgentStatus,
  type Batch,
  type Receipt,
} from "@shipkeeper/protocol";
import { packFrame, retryAfterMs, type HttpAnswer, type SignedClient } from "@shipkeeper/runtime";
import type { WaitingBatch } from "./outbox.ts";

/** What sending a batch came to. Only a receipt settles anything; each of the others has its own remedy. */
export type Sent =
  | { readonly kind: "receipt"; readonly receipt: Receipt }
  /** 413: fewer entries may pass. */
  | { readonly kind: "too-large"; readonly message: string }
  /** 400 or 422: something in it will never be taken. */
  | { readonly kind: "refused"; readonly message: string }
  /** 401 or 403: the collector does not believe this host, and somebody has to look why. */
  | { readonly kind: "not-believed"; readonly message: string }
  /** Down, busy, unreachable, or somebody else answered. */
  | { readonly kind: "failed"; readonly message: string; readonly retryAfterMs?: number };

const DEADLINE_MS = 60 * SECOND_MS;
const MOST_RECEIPT_BYTES = 2 ** 20;

export async function sendBatch(
  client: SignedClient,
  { epoch, after, entries, blobs }: WaitingBatch,
  { status, now, signal }: { status: AgentStatus; now: Instant; signal: AbortSignal },
): Promise<Sent> {
  const head: Batch = { protocol: PROTOCOL_VERSION, epoch, after, status, entries: [...entries] };
  const { body, encoding } = packFrame({ head, blobs });
  const headers = {
    "content-type": "application/vnd.shipkeeper.batch",
    ...(encoding === "identity" ? {} : { "content-encoding": encoding }),
  };
  try {
    const answer = await client.call({
      method: "POST",
      target: "/agent/v1/batches",
      headers,
      body,
      deadlineMs: DEADLINE_MS,
      mostAnswerBytes: MOST_RECEIPT_BYTES,
      signal,
    });
    return readAnswer(answer, now);
  } catch (error) {
    return { kind: "failed", message: errorChain(error) };
  }
}

function readAnswer(answer: HttpAnswer, now: Instant): Sent {
  const { status, headers } = answer;
  const message = `the collector answered ${status}${detailOf(answer)}`;
  if (status >= 200 && status < 300) return readReceipt(answer);
  if (status === 413) return { kind: "too-large", message };
  if (status === 400 || status === 422) return { kind: "refused", message };
  if (status === 401 || status === 403) return { kind: "not-believed", message };
  const askedMs = retryAfterMs(headers["retry-after"], now);
  return { kind: "failed", message, ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }) };
}

/** Captive portals and misled proxies answer 200 to everything: only a receipt is a receipt. */
function readReceipt({ status, body }: HttpAnswer): Sent {
  try {
    return { kind: "receipt", receipt: receiptSchema.parse(JSON.parse(body.toString("utf8"))) };
  } catch {
    return { kind: "failed", message: `status ${status} came without a receipt: that was not the collector` };
  }
}

/** `: host unknown`, out of a problem document (RFC 9457); nothing where the body is none. */
function detailOf({ body }: HttpAnswer): string {
  try {
    const problem: unknown = JSON.parse(body.toString("utf8"));
    if (typeof problem !== "object" || problem === null) return "";
    const { detail, title }: { detail?: unknown; title?: unknown } = problem;
    const words = typeof detail === "string" ? detail : title;
    return typeof words === "string" ? `: ${words.slice(0, 300)}` : "";
  } catch {
    return "";
  }
}
