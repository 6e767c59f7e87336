import { createHash } from "node:crypto";
import { policyBundleSchema, standingSchema } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import * as z from "zod";
import { batchSchema, receiptSchema } from "./batch.ts";
import { digestsInUseSchema } from "./digests-in-use.ts";
import { enrolReplySchema, enrolRequestSchema } from "./enrolment.ts";
import { knownEntrySchema } from "./entries.ts";
import { signedBundleSchema } from "./signed-bundle.ts";
import { PROTOCOL_HISTORY, PROTOCOL_VERSION } from "./version.ts";

/** Everything that travels between an agent and its collector. */
const TRAVELS = {
  batch: batchSchema,
  entry: knownEntrySchema,
  receipt: receiptSchema,
  digestsInUse: digestsInUseSchema,
  enrolRequest: enrolRequestSchema,
  enrolReply: enrolReplySchema,
  signedBundle: signedBundleSchema,
  policyBundle: policyBundleSchema,
  standing: standingSchema,
};

function wireHash(): string {
  const schemas = Object.entries(TRAVELS).map(([name, schema]) => [
    name,
    z.toJSONSchema(schema, { io: "input" }),
  ]);
  return createHash("sha256").update(JSON.stringify(schemas)).digest("hex");
}

test("what travels is what the pinned version says", () => {
  const hash = wireHash();

  expect(
    PROTOCOL_HISTORY.at(-1)?.hash,
    `what travels has changed: its hash is now ${hash}. Decide whether agents in the field still understand, ` +
      "add a line to PROTOCOL_HISTORY in version.ts (a new version and a fixture where they do not), and pin it there",
  ).toBe(hash);
});

test("the history ends with the version that is spoken, and never goes back", () => {
  const versions = PROTOCOL_HISTORY.map(({ version }) => version);

  expect(versions.at(-1)).toBe(PROTOCOL_VERSION);
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
});
