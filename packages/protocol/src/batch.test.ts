import { expect, test } from "vitest";
import { MOST_BATCH_ENTRIES, batchSchema, receiptSchema } from "./batch.ts";

const EPOCH = "00000000-0000-4000-8000-00000000000e";
const STATUS = {
  version: "0.1.0",
  startedAt: 0,
  policyRevision: 0,
  guardrails: { state: "absent" },
  outbox: { entries: 0, bytes: 0 },
  sampling: "off",
  capabilities: [],
};
const batchOf = (...seqs: unknown[]) => ({
  protocol: 1,
  epoch: EPOCH,
  after: 0,
  status: STATUS,
  entries: seqs.map((seq) => ({ seq, body: {} })),
});
const isBatch = (raw: unknown) => batchSchema.safeParse(raw).success;

test("a batch may be empty, and its numbers may have gaps", () => {
  expect([isBatch(batchOf()), isBatch(batchOf(1, 5, 9))]).toEqual([true, true]);
});

const refused: [name: string, raw: unknown][] = [
  ["numbers that do not ascend", batchOf(2, 1)],
  ["the same number twice", batchOf(1, 1)],
  ["the number 0", batchOf(0)],
  ["a number that is no whole one", batchOf(1.5)],
  ["a number beyond what is exact", batchOf(2 ** 53)],
  [
    "more entries than may travel",
    batchOf(...Array.from({ length: MOST_BATCH_ENTRIES + 1 }, (_, n) => n + 1)),
  ],
  ["another version of the protocol", { ...batchOf(1), protocol: 2 }],
  ["an epoch that is no id", { ...batchOf(1), epoch: "1" }],
  ["a negative `after`", { ...batchOf(1), after: -1 }],
  ["no status", { ...batchOf(1), status: undefined }],
];
test.each(refused)("%s is no batch", (_name, raw) => {
  expect(isBatch(raw)).toBe(false);
});

test.each([
  ["a web page", "<html>"],
  ["an empty object", {}],
  ["a count of accepted entries", { ok: true, accepted: 5 }],
])("%s is no receipt", (_name, raw) => {
  expect(receiptSchema.safeParse(raw).success).toBe(false);
});
