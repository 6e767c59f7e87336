import { expect, test } from "vitest";
import { makeRecoveryKey, openSealed, parseRecoveryKey, recoveryPublicKey, sealFor } from "./recovery-key.ts";

const SECRET = new TextEncoder().encode("the password of the shop's database");

test("a key is read again however it was typed", () => {
  const key = makeRecoveryKey();

  expect(key).toMatch(/^([0-9A-Z]{4}-){8}[0-9A-Z]{4}$/);
  expect(parseRecoveryKey(key)).toBe(key);
  expect(parseRecoveryKey(` ${key.toLowerCase().replaceAll("-", " ")}\n`)).toBe(key);
  expect(parseRecoveryKey(key.replaceAll("0", "o").replaceAll("1", "l"))).toBe(key);
});

test("a letter that is wrong, missing or swapped is noticed, and the text is not repeated", () => {
  const key = "B6GZ-F82A-KWRS-SYNZ-WSVS-0TE2-H4G9-T6F4-1HRD";
  const letters = Array.from(key);
  const wrong = letters.flatMap((letter, at) => {
    const next = letters[at + 1] ?? "";
    const changed = letters.with(at, letter === "7" ? "8" : "7").join("");
    return letter === "-" ? [] : [changed, key.slice(0, at) + next + letter + key.slice(at + 2)];
  });
  // A letter beside a dash, or beside its like, is swapped with no harm.
  const harmful = wrong.filter((typed) => typed.replaceAll("-", "") !== key.replaceAll("-", ""));

  expect(parseRecoveryKey(key)).toBe(key);
  expect(harmful.length).toBeGreaterThan(55);
  for (const typed of [...harmful, key.slice(1), `${key}7`, key.replace("B", "U")]) {
    expect(() => parseRecoveryKey(typed)).toThrow(/^no recovery key: (?!.*-).*$/);
  }
});

test("what is sealed for two keys opens with either, and with no other", () => {
  const [first, second, other] = [makeRecoveryKey(), makeRecoveryKey(), makeRecoveryKey()];

  const sealed = sealFor([recoveryPublicKey(first), recoveryPublicKey(second)], SECRET);

  expect(openSealed(first, sealed)).toEqual(SECRET);
  expect(openSealed(second, sealed)).toEqual(SECRET);
  expect(() => openSealed(other, sealed)).toThrow("sealed for another recovery key");
  expect(sealed).not.toContain("password");
});

test("the public half follows from the key, and from nothing else", () => {
  const key = makeRecoveryKey();

  expect(recoveryPublicKey(parseRecoveryKey(key.toLowerCase()))).toBe(recoveryPublicKey(key));
  expect(recoveryPublicKey(makeRecoveryKey())).not.toBe(recoveryPublicKey(key));
});

test("a changed byte is noticed", () => {
  const key = makeRecoveryKey();
  const sealed = JSON.parse(sealFor([recoveryPublicKey(key)], SECRET)) as { content: string };
  const bytes = Buffer.from(sealed.content, "base64");
  bytes[20]! ^= 1;

  const changed = JSON.stringify({ ...sealed, content: bytes.toString("base64") });

  expect(() => openSealed(key, changed)).toThrow("damaged");
  expect(() => openSealed(key, "{}")).toThrow("nothing that was sealed");
});
