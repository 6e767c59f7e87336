import { hostIdSchema } from "@shipkeeper/model";
import { CLOCK_WINDOW_MS, REQUEST_HEADERS } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { createSigningKey } from "./signature.ts";
import { checkRequest, signRequest } from "./signed-http.ts";

const NOW = 1_900_000_000_000;
const key = createSigningKey();
const hostId = hostIdSchema.parse("00000000-0000-4000-8000-000000000001");
const request = { method: "POST", target: "/agent/v1/batches?a=1", body: Buffer.from("body") };
const headers = signRequest(request, { hostId, key }, NOW);
const known = (id: string) => (id === hostId ? key.publicKey : undefined);

test("a request is believed to be of the host whose key signed it", () => {
  expect(checkRequest({ ...request, headers }, known, NOW + 1_000)).toEqual({ hostId });
});

test("no two requests are signed alike", () => {
  expect(signRequest(request, { hostId, key }, NOW)).not.toEqual(headers);
});

const otherHost = "00000000-0000-4000-8000-000000000002";
const refusals: [name: string, change: object, now: number, refusal: string][] = [
  ["another method", { method: "GET" }, NOW, "bad_signature"],
  ["another path", { target: "/agent/v1/policy" }, NOW, "bad_signature"],
  ["another query", { target: "/agent/v1/batches?a=2" }, NOW, "bad_signature"],
  ["another body", { body: Buffer.from("bodY") }, NOW, "bad_signature"],
  [
    "another time",
    { headers: { ...headers, [REQUEST_HEADERS.created]: `${NOW + 1}` } },
    NOW,
    "bad_signature",
  ],
  ["another nonce", { headers: { ...headers, [REQUEST_HEADERS.nonce]: "00" } }, NOW, "bad_signature"],
  [
    "a host that is not enrolled",
    { headers: { ...headers, [REQUEST_HEADERS.host]: otherHost } },
    NOW,
    "unknown_host",
  ],
  ["a host that is no id", { headers: { ...headers, [REQUEST_HEADERS.host]: "../.." } }, NOW, "not_signed"],
  ["no signature", { headers: {} }, NOW, "not_signed"],
  [
    "a time that is no number",
    { headers: { ...headers, [REQUEST_HEADERS.created]: "1e999" } },
    NOW,
    "not_signed",
  ],
  ["a request of long ago", {}, NOW + CLOCK_WINDOW_MS + 1, "clock_skew"],
  ["a request from the future", {}, NOW - CLOCK_WINDOW_MS - 1, "clock_skew"],
];
test.each(refusals)("%s is refused", (_name, change, now, refusal) => {
  expect(checkRequest({ ...request, headers, ...change }, known, now)).toEqual({ refusal });
});

test("a recorded request under another host's name is refused", () => {
  const stranger = createSigningKey();
  const both = (id: string) => (id === otherHost ? stranger.publicKey : known(id));
  const renamed = { ...headers, [REQUEST_HEADERS.host]: otherHost };

  expect(checkRequest({ ...request, headers: renamed }, both, NOW)).toEqual({ refusal: "bad_signature" });
});
