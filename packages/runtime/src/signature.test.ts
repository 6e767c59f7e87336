import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  KeyNotUsable,
  createKeyFile,
  createSigningKey,
  keyFingerprint,
  readKeyFile,
  verifySignature,
} from "./signature.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "signature-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("a key that was written is the same when it is read, and only its owner may read it", () => {
  const file = join(folder, "some.key");
  const made = createKeyFile(file);

  expect(readKeyFile(file).publicKey).toBe(made.publicKey);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(verifySignature("text", readKeyFile(file).sign("text"), made.publicKey)).toBe(true);
});

test("a key file is never overwritten", () => {
  const file = join(folder, "some.key");
  const { publicKey } = createKeyFile(file);

  expect(() => createKeyFile(file)).toThrow("EEXIST");
  expect(readKeyFile(file).publicKey).toBe(publicKey);
});

test("what is no key says which file it was", () => {
  const file = join(folder, "some.key");
  writeFileSync(file, "no key");

  expect(() => readKeyFile(file)).toThrow(KeyNotUsable);
  expect(() => readKeyFile(join(folder, "absent"))).toThrow(join(folder, "absent"));
});

test("a signature is over one text by one key, and every malformed one is false, not an error", () => {
  const [key, other] = [createSigningKey(), createSigningKey()];
  const signature = key.sign("text");

  expect(verifySignature("text", signature, key.publicKey)).toBe(true);
  expect(verifySignature("text ", signature, key.publicKey)).toBe(false);
  expect(verifySignature("text", signature, other.publicKey)).toBe(false);
  expect(verifySignature("text", signature.slice(2), key.publicKey)).toBe(false);
  expect(verifySignature("text", "not hex", key.publicKey)).toBe(false);
  expect(verifySignature("text", signature, "00")).toBe(false);
});

test("a fingerprint is the hash of the raw key", () => {
  expect(keyFingerprint("00".repeat(32))).toBe(
    "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
  );
});
