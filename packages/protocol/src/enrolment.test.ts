import { expect, test } from "vitest";
import {
  enrolRequestSchema,
  enrolmentText,
  formatEnrollmentToken,
  parseEnrollmentToken,
} from "./enrolment.ts";

const TOKEN = { id: "01".repeat(8), secret: "5e".repeat(32), policyKeyFingerprint: "f1".repeat(32) };

test("a token reads as it was written, with or without the policy key", () => {
  const without = { ...TOKEN, policyKeyFingerprint: undefined };

  expect(parseEnrollmentToken(formatEnrollmentToken(TOKEN))).toEqual(TOKEN);
  expect(parseEnrollmentToken(formatEnrollmentToken(without))).toEqual(without);
  expect(parseEnrollmentToken(`  ${formatEnrollmentToken(TOKEN)}\n`)).toEqual(TOKEN);
});

test.each([
  [""],
  ["ske"],
  ["ske_01_02"],
  [formatEnrollmentToken(TOKEN).slice(0, -1)],
  [formatEnrollmentToken(TOKEN).toUpperCase()],
  [`${formatEnrollmentToken(TOKEN)}_`],
])("%j is no token", (text) => {
  expect(parseEnrollmentToken(text)).toBeUndefined();
});

const claim = {
  tokenId: TOKEN.id,
  publicKey: "ab".repeat(32),
  hostname: "web-1",
  labels: { ring: "canary", environment: "production" },
  agentVersion: "0.1.0",
  createdAt: 5,
};

test("what is signed does not depend on the order of labels, and covers each of them", () => {
  const { ring, environment } = claim.labels;

  expect(enrolmentText({ ...claim, labels: { environment, ring } })).toBe(enrolmentText(claim));
  expect(enrolmentText({ ...claim, labels: { ring: "all", environment } })).not.toBe(enrolmentText(claim));
});

test("a label cannot pass for the field after it", () => {
  const sneaky = { ...claim, labels: { a: 'b"]]\n0.2.0\n5' } };

  expect(enrolmentText(sneaky).split("\n")).toHaveLength(enrolmentText(claim).split("\n").length);
});

test("unknown fields and hostnames without end are refused", () => {
  const request = { ...claim, secret: TOKEN.secret, signature: "00".repeat(64) };

  expect(enrolRequestSchema.safeParse(request).success).toBe(true);
  expect(enrolRequestSchema.safeParse({ ...request, admin: true }).success).toBe(false);
  expect(enrolRequestSchema.safeParse({ ...request, hostname: "x".repeat(254) }).success).toBe(false);
});
