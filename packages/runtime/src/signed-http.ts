/** Signs an agent's requests, and checks them. The signature covers method, path, query, time, nonce and body. */
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Instant } from "@shipkeeper/kit";
import { hostIdSchema, type HostId } from "@shipkeeper/model";
import { CLOCK_WINDOW_MS, REQUEST_HEADERS, requestText } from "@shipkeeper/protocol";
import { sha256Hex, verifySignature, type SigningKey } from "./signature.ts";

export interface Signer {
  readonly hostId: HostId;
  readonly key: SigningKey;
}

export interface RequestParts {
  readonly method: string;
  readonly target: string;
  readonly body: Uint8Array;
}

export function signRequest(
  request: RequestParts,
  { hostId, key }: Signer,
  createdAt: Instant,
): Record<string, string> {
  const nonce = randomBytes(16).toString("hex");
  const text = requestText({ ...request, hostId, createdAt, nonce, bodySha256: sha256Hex(request.body) });
  return {
    [REQUEST_HEADERS.host]: hostId,
    [REQUEST_HEADERS.created]: String(createdAt),
    [REQUEST_HEADERS.nonce]: nonce,
    [REQUEST_HEADERS.signature]: key.sign(text),
  };
}

/** Why a request was not believed. Each has its own remedy, so they are told apart. */
export type RequestRefusal = "not_signed" | "unknown_host" | "bad_signature" | "clock_skew";

/** The host that signed the request, or why it is not believed. `publicKeyOf` knows the enrolled hosts. */
export function checkRequest(
  request: RequestParts & { headers: IncomingHttpHeaders },
  publicKeyOf: (hostId: HostId) => string | undefined,
  now: Instant,
): { hostId: HostId } | { refusal: RequestRefusal } {
  const { headers, method, target, body } = request;
  const hostId = hostIdSchema.safeParse(headers[REQUEST_HEADERS.host]);
  const created = Number(headers[REQUEST_HEADERS.created]);
  const nonce = headers[REQUEST_HEADERS.nonce];
  const signature = headers[REQUEST_HEADERS.signature];
  if (!hostId.success || !Number.isSafeInteger(created)) return { refusal: "not_signed" };
  if (typeof nonce !== "string" || typeof signature !== "string") return { refusal: "not_signed" };

  const publicKey = publicKeyOf(hostId.data);
  if (publicKey === undefined) return { refusal: "unknown_host" };
  const text = requestText({
    method,
    target,
    hostId: hostId.data,
    createdAt: created,
    nonce,
    bodySha256: sha256Hex(body),
  });
  if (!verifySignature(text, signature, publicKey)) return { refusal: "bad_signature" };
  // Only now is the clock worth a word: before, anybody could have written the time.
  if (Math.abs(now - created) > CLOCK_WINDOW_MS) return { refusal: "clock_skew" };
  return { hostId: hostId.data };
}
