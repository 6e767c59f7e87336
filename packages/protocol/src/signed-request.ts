/** The headers and the text of a signed request. The signature covers the body as it travels, never a re-serialised one. */

export const REQUEST_HEADERS = {
  host: "x-shipkeeper-host",
  created: "x-shipkeeper-created",
  nonce: "x-shipkeeper-nonce",
  signature: "x-shipkeeper-signature",
} as const;

/** A request's `created` may differ from the server's clock by this much. */
export const CLOCK_WINDOW_MS = 300_000;

export interface RequestToSign {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly hostId: string;
  readonly createdAt: number;
  readonly nonce: string;
  /** SHA-256 of the body's bytes, hex. */
  readonly bodySha256: string;
}

export function requestText(request: RequestToSign): string {
  const { method, target, hostId, createdAt, nonce, bodySha256 } = request;
  return ["shipkeeper-request-v1", method.toUpperCase(), target, hostId, createdAt, nonce, bodySha256].join(
    "\n",
  );
}
