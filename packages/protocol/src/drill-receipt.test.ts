import { expect, test } from "vitest";
import { drillReceiptSchema, drillReceiptText, signDrillReceipt } from "./drill-receipt.ts";

const ID = "0190e0a0-0000-4000-8000-000000000001";
const RECEIPT = drillReceiptSchema.parse({
  format: 1,
  passed: false,
  failure: "no restore point",
  assertions: [],
  phases: [{ ms: 3, phase: "locate" }],
  policy: "shop",
  rule: "databases.drill",
  id: ID,
  hostId: ID,
  runId: ID,
  dataset: "volume:data",
  repository: "local",
  requestedAt: 1,
  finishedAt: 2,
  engineVersion: "20.10.24",
  agentVersion: "0.1.0",
});

test("what is signed is the receipt in one spelling, with a word on what it is", () => {
  const signedTexts: string[] = [];
  const key = {
    publicKey: "a".repeat(64),
    sign: (text: string) => (signedTexts.push(text), "b".repeat(128)),
  };

  const { payload } = signDrillReceipt(RECEIPT, key);

  expect(payload).toMatch(/^\{"agentVersion":"0.1.0","assertions":\[\],"dataset":"volume:data",/);
  expect(drillReceiptSchema.parse(JSON.parse(payload))).toEqual(RECEIPT);
  expect(signedTexts).toEqual([drillReceiptText(payload)]);
  expect(signedTexts[0]).toMatch(/^shipkeeper-drill-receipt-v1\n\d+\n\{/);
});
