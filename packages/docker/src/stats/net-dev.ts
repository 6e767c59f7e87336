import { nthNumber, skipSpaces } from "./parse-bytes.ts";

const COLON = 58;
const NEWLINE = 10;
const LOWER_L = 108;
const LOWER_O = 111;

/** Columns of `/proc/net/dev`: received bytes come first, sent bytes are the ninth. */
const RECEIVED = 0;
const SENT = 8;

export interface NetworkTotals {
  receivedBytes: number;
  sentBytes: number;
}

/** The sums over all interfaces of a `net/dev` but `lo`, whose bytes never leave; 0 in a namespace without any. */
export function sumInterfaces(bytes: Buffer, totals: NetworkTotals): void {
  totals.receivedBytes = 0;
  totals.sentBytes = 0;
  let lineStart = 0;
  // In so short a text a loop over its bytes is cheaper than calls of `indexOf`.
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === NEWLINE) lineStart = at + 1;
    // The two lines of headings have no colon, so every colon ends the name of an interface.
    if (bytes[at] !== COLON || isLoopback(bytes, lineStart)) continue;
    totals.receivedBytes += Math.max(0, nthNumber(bytes, at + 1, RECEIVED));
    totals.sentBytes += Math.max(0, nthNumber(bytes, at + 1, SENT));
  }
}

function isLoopback(bytes: Buffer, lineStart: number): boolean {
  const name = skipSpaces(bytes, lineStart);
  return bytes[name] === LOWER_L && bytes[name + 1] === LOWER_O && bytes[name + 2] === COLON;
}
