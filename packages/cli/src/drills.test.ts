import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostIdSchema, runIdSchema } from "@shipkeeper/model";
import { signDrillReceipt, type ApiDrill, type DrillReceipt } from "@shipkeeper/protocol";
import { createSigningKey, keyFingerprint } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { NOW, page, runCommand, temporaryFolder, unasked } from "./testing/run-command.ts";

const HOST_ID = hostIdSchema.parse("0190e0a0-0000-4000-8000-000000000001");
const ID = "0190e0a0-0000-4000-8000-00000000000a";

const receipt = (facts: Partial<DrillReceipt> = {}): DrillReceipt => ({
  format: 1,
  id: ID,
  hostId: HOST_ID,
  runId: runIdSchema.parse("0190e0a0-0000-4000-8000-00000000000b"),
  policy: "shop",
  rule: "databases.drill",
  dataset: "volume:shop-data",
  repository: "offsite",
  restorePoint: "ab".repeat(32),
  dataAt: NOW - 900_000,
  requestedAt: NOW,
  finishedAt: NOW + 240_000,
  phases: [{ phase: "locate", ms: 1_000 }],
  assertions: [{ assert: "files", passed: true, said: "12 files as they were", ms: 40 }],
  rpoMs: 900_000,
  rpoTargetMs: 1_800_000,
  rtoMs: 240_000,
  rtoTargetMs: 3_600_000,
  engineVersion: "20.10.24",
  agentVersion: "0.1.0",
  passed: true,
  ...facts,
});

const drill = (facts: Partial<DrillReceipt> = {}): ApiDrill => {
  const { format: _, ...rest } = receipt(facts);
  return { host: "web-1", ...rest };
};

const { rtoMs: _, ...neverDone } = receipt();
const SICK: DrillReceipt = {
  ...neverDone,
  passed: false,
  assertions: [{ assert: "http 80 /", passed: false, said: "HTTP 500", ms: 3 }],
};

test("drills tell what was measured against what was wanted, and what failed", async () => {
  const { format: _format, ...sick } = SICK;
  const { out, calls } = await runCommand("drills --dataset shop-data --failed", () =>
    page(drill(), { host: "web-1", ...sick }),
  );

  expect(calls).toEqual(["GET /api/v1/drills?dataset=shop-data&passed=false&limit=500"]);
  expect(out.split("\n").map((line) => line.split("\t").slice(2, 8))).toEqual([
    ["dataset", "repository", "result", "rto", "rpo", "trouble"],
    ["volume:shop-data", "offsite", "passed", "4 minutes of 1 hour", "15 minutes of 30 minutes", "-"],
    ["volume:shop-data", "offsite", "failed", "-", "15 minutes of 30 minutes", "http 80 /: HTTP 500"],
    [],
  ]);
});

test("a receipt is verified from a file, by anybody who knows the host's key", async () => {
  const key = createSigningKey();
  const fingerprint = keyFingerprint(key.publicKey);
  const signed = signDrillReceipt(receipt(), key);
  const file = join(temporaryFolder(), "receipt.json");
  writeFileSync(file, JSON.stringify({ receipt: signed }));

  const alone = await runCommand(`drills verify ${file}`, unasked);
  const known = await runCommand(`drills verify ${file} --key ${fingerprint}`, unasked);
  const other = await runCommand(`drills verify ${file} --key ${"0".repeat(64)}`, unasked);
  const payload = signed.payload.replace('"passed":true', '"passed":false');
  writeFileSync(file, JSON.stringify({ ...signed, payload }));
  const changed = await runCommand(`drills verify ${file}`, unasked);

  expect([alone.code, known.code, other.code, changed.code]).toEqual([0, 0, 1, 1]);
  expect(alone.out).toContain("volume:shop-data");
  expect(alone.out).toContain("passed in 4 minutes\nsigned by key");
  expect(alone.out).toContain("compare it with the host's");
  expect(known.out).toContain(`signed by key ${fingerprint}, the host's`);
  expect(other.err).toContain("and the host's is 0000");
  expect(changed.err).toContain("was changed after it was signed");
});

test("by its id, a receipt is held against the key that the host enrolled with", async () => {
  const key = createSigningKey();
  const publicKeyFingerprint = keyFingerprint(key.publicKey);
  const { format: _format, ...sick } = SICK;
  const collector = (fingerprint: string) => (call: string) =>
    call.startsWith("GET /api/v1/hosts/")
      ? { body: { publicKeyFingerprint: fingerprint } }
      : { body: { host: "web-1", ...sick, receipt: signDrillReceipt(SICK, key), publicKeyFingerprint } };

  const genuine = await runCommand(`drills verify ${ID}`, collector(publicKeyFingerprint));
  const forged = await runCommand(`drills verify ${ID}`, collector("1".repeat(64)));

  expect(genuine.calls).toEqual([`GET /api/v1/drills/${ID}`, `GET /api/v1/hosts/${HOST_ID}`]);
  expect(genuine.out).toContain("failed: http 80 /: HTTP 500");
  expect([genuine.code, forged.code]).toEqual([0, 1]);
});

test("the receipt of a whole host says which host was rebuilt where", async () => {
  const ofHost = { id: hostIdSchema.parse("0190e0a0-0000-4000-8000-0000000000cc"), name: "web-9" };
  const signed = signDrillReceipt(receipt({ dataset: "host:web-9", ofHost }), createSigningKey());
  const file = join(temporaryFolder(), "receipt.json");
  writeFileSync(file, JSON.stringify(signed));

  const { out } = await runCommand(`drills verify ${file}`, unasked);

  expect(out).toContain(`host web-9 (${ofHost.id}), rebuilt on host ${HOST_ID}, from offsite, data of`);
});
