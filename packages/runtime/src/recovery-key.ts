/**
 * The recovery key: what people keep on paper for the day when a host and all that it knew are gone. It opens backup
 * repositories as a password of its own, and what is sealed for it can be opened by it alone: a host seals with the public
 * half and keeps no secret that could open it again.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { InvalidInput, parseJson, type Brand } from "@shipkeeper/kit";
import * as z from "zod";

/** As it is printed: `K3F7-…`, nine groups of four. Also the password of the repositories that it opens. */
export type RecoveryKey = Brand<string, "RecoveryKey">;

/** Crockford's base 32: no letter that can be taken for a digit. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** 160 bits. */
const SECRET_LETTERS = 32;
/** A typing mistake goes unnoticed once in a million. */
const CHECK_LETTERS = 4;
const GROUP_LETTERS = 4;

export function makeRecoveryKey(): RecoveryKey {
  const secret = [...randomBytes(SECRET_LETTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
  return inGroups(secret + checkOf(secret));
}

/**
 * Reads what a person typed: case, spaces and dashes do not matter, and O, I and L are the digits that they look like.
 * Throws `InvalidInput`, which never repeats the text.
 */
export function parseRecoveryKey(typed: string): RecoveryKey {
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const expected = SECRET_LETTERS + CHECK_LETTERS;
  const wrong = Array.from(letters).findIndex((letter) => !ALPHABET.includes(letter));
  if (wrong >= 0) throw new InvalidInput(`no recovery key: letter ${wrong + 1} is none that it can have`, []);
  if (letters.length !== expected) {
    throw new InvalidInput(`no recovery key: it has ${letters.length} letters, not ${expected}`, []);
  }
  const secret = letters.slice(0, SECRET_LETTERS);
  if (checkOf(secret) !== letters.slice(SECRET_LETTERS)) {
    throw new InvalidInput("no recovery key: a letter is wrong, or two are swapped", []);
  }
  return inGroups(letters);
}

/** The half that may be known, as hex: what is sealed for it only the key opens. */
export function recoveryPublicKey(key: RecoveryKey): string {
  return rawPublicKey(createPublicKey(privateKeyOf(key)));
}

const sealedSchema = z.object({
  format: z.literal(1),
  /** Hex of a public key that was made for this alone. */
  ephemeral: z.string(),
  /** For each recovery key, by its public half: the content's key, encrypted. */
  keys: z.array(z.object({ for: z.string(), key: z.string() })),
  content: z.string(),
});

/** Text that any one of the recovery keys opens, named by their public halves. */
export function sealFor(publicKeys: readonly string[], content: Uint8Array): string {
  const ephemeral = generateKeyPairSync("x25519");
  const contentKey = randomBytes(32);
  const keys = publicKeys.map((publicKey) => {
    const wrapping = wrappingKey(
      ephemeral.privateKey,
      ephemeral.publicKey,
      publicKeyFrom(publicKey),
      publicKey,
    );
    return { for: publicKey, key: encrypt(wrapping, contentKey) };
  });
  return JSON.stringify({
    format: 1,
    ephemeral: rawPublicKey(ephemeral.publicKey),
    keys,
    content: encrypt(contentKey, content),
  } satisfies z.infer<typeof sealedSchema>);
}

/** Throws `InvalidInput` where it was not sealed for this key, or is damaged. */
export function openSealed(key: RecoveryKey, sealed: string): Uint8Array {
  const parsed = sealedSchema.safeParse(parseJson(sealed));
  if (!parsed.success) throw new InvalidInput("nothing that was sealed for a recovery key", []);
  const { ephemeral, keys, content } = parsed.data;
  const ours = recoveryPublicKey(key);
  const wrapped = keys.find((one) => one.for === ours);
  if (wrapped === undefined) throw new InvalidInput("sealed for another recovery key", []);
  try {
    const sender = publicKeyFrom(ephemeral);
    const contentKey = decrypt(wrappingKey(privateKeyOf(key), sender, sender, ours), wrapped.key);
    return decrypt(contentKey, content);
  } catch (cause) {
    throw new InvalidInput("what was sealed is damaged", [], { cause });
  }
}

function checkOf(secret: string): string {
  const digest = createHash("sha256").update(`shipkeeper recovery key ${secret}`).digest();
  return [...digest.subarray(0, CHECK_LETTERS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

function inGroups(letters: string): RecoveryKey {
  const groups = letters.match(new RegExp(`.{${GROUP_LETTERS}}`, "g")) ?? [];
  return groups.join("-") as RecoveryKey;
}

/** DER of an X25519 private and public key up to the 32 key bytes (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

function privateKeyOf(key: RecoveryKey): KeyObject {
  const seed = Buffer.from(hkdfSync("sha256", key, "", "shipkeeper recovery key: sealing", 32));
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

function publicKeyFrom(hex: string): KeyObject {
  const key = Buffer.concat([SPKI_PREFIX, Buffer.from(hex, "hex")]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

function rawPublicKey(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length).toString("hex");
}

/** What both sides of the exchange can compute, bound to who takes part in it. */
function wrappingKey(
  mine: KeyObject,
  ephemeral: KeyObject,
  theirs: KeyObject,
  recipient: string,
): Uint8Array {
  const shared = diffieHellman({ privateKey: mine, publicKey: theirs });
  const salt = rawPublicKey(ephemeral) + recipient;
  return new Uint8Array(hkdfSync("sha256", shared, salt, "shipkeeper recovery key: wrapping", 32));
}

/** AES-256-GCM: nonce, ciphertext and tag in one, as base 64. */
function encrypt(key: Uint8Array, content: Uint8Array): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const parts = [nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString("base64");
}

function decrypt(key: Uint8Array, text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAuthTag(bytes.subarray(-16));
  return new Uint8Array(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]));
}
