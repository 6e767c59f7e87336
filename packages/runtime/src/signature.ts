/** Ed25519 keys and signatures. Public keys and signatures travel as hex of their raw bytes. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { OperationalError } from "@shipkeeper/kit";
import { writeSecretFile } from "./files.ts";

export interface SigningKey {
  readonly publicKey: string;
  sign(text: string): string;
}

/** DER of an Ed25519 SubjectPublicKeyInfo up to the 32 key bytes (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export class KeyNotUsable extends OperationalError {
  override readonly name = "KeyNotUsable";
  readonly code = "key_not_usable";
  readonly retryable = false;
}

/** A new key, not written anywhere. */
export function createSigningKey(): SigningKey & { toPem(): string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  return {
    ...signingKey(privateKey),
    toPem: () => privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Writes a new key's private half to a file that only its owner reads (mode 0600). Never overwrites. */
export function createKeyFile(file: string): SigningKey {
  const key = createSigningKey();
  writeSecretFile(file, key.toPem(), { overwrite: false });
  return key;
}

/** Throws `KeyNotUsable` where the file cannot be read or holds no Ed25519 private key. */
export function readKeyFile(file: string): SigningKey {
  try {
    const key = createPrivateKey(readFileSync(file));
    if (key.asymmetricKeyType !== "ed25519")
      throw new Error(`expected Ed25519, found ${key.asymmetricKeyType}`);
    return signingKey(key);
  } catch (error) {
    throw new KeyNotUsable(`cannot use the private key in ${file}`, { cause: error });
  }
}

function signingKey(privateKey: KeyObject): SigningKey {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return {
    publicKey: spki.subarray(SPKI_PREFIX.length).toString("hex"),
    sign: (text) => sign(null, Buffer.from(text, "utf8"), privateKey).toString("hex"),
  };
}

/** False for every signature that is not exactly this key's over exactly this text, malformed ones included. */
export function verifySignature(text: string, signature: string, publicKey: string): boolean {
  try {
    const spki = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, "hex")]);
    const key = createPublicKey({ key: spki, type: "spki", format: "der" });
    return verify(null, Buffer.from(text, "utf8"), key, Buffer.from(signature, "hex"));
  } catch {
    return false;
  }
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** What people compare and tokens carry in place of a public key: SHA-256 of its raw bytes, hex. */
export function keyFingerprint(publicKey: string): string {
  return sha256Hex(Buffer.from(publicKey, "hex"));
}
