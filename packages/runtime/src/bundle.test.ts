import type { PolicyBundle } from "@shipkeeper/policy";
import { bundleText } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { BundleRefused, openBundle, sealBundle } from "./bundle.ts";
import { createSigningKey, keyFingerprint } from "./signature.ts";

const key = createSigningKey();
const pinned = [keyFingerprint(key.publicKey)];
const bundle: PolicyBundle = { format: 1, revision: 14, issuedAt: 0, expiresAt: 1, policies: [] };
const sealed = sealBundle(bundle, key);

/** Signed by the right key, whatever it is. */
const signed = (payload: string) => ({
  payload,
  publicKey: key.publicKey,
  signature: key.sign(bundleText(payload)),
});

test("what a pinned key signed opens as it was sealed", () => {
  expect(openBundle(sealed, pinned)).toEqual(bundle);
});

const other = createSigningKey();
const refusals: [name: string, raw: unknown, why: string][] = [
  ["text", "bundle", "not a signed policy bundle"],
  ["an envelope with something beside it", { ...sealed, extra: 1 }, "not a signed policy bundle"],
  ["another key's", sealBundle(bundle, other), "not trusted here"],
  [
    "another key's under the pinned name",
    { ...sealBundle(bundle, other), publicKey: key.publicKey },
    "changed",
  ],
  ["a changed payload", { ...sealed, payload: sealed.payload.replace("14", "15") }, "changed"],
  [
    "a text that the key signed for something else",
    { ...sealed, signature: key.sign(sealed.payload) },
    "changed",
  ],
  ["signed nonsense", signed("{"), "needs? a newer version|cannot be read"],
  ["a signed bundle of a format to come", signed('{"format":2}'), "may need a newer version"],
];
test.each(refusals)("%s is refused", (_name, raw, why) => {
  expect(() => openBundle(raw, pinned)).toThrow(BundleRefused);
  expect(() => openBundle(raw, pinned)).toThrow(new RegExp(why));
});

test("where no key is pinned, nothing opens", () => {
  expect(() => openBundle(sealed, [])).toThrow("not trusted here");
});
