import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyBundle } from "@shipkeeper/policy";
import type { KnownEntry } from "@shipkeeper/protocol";
import {
  createSigningKey,
  keyFingerprint,
  sealBundle,
  silentLog,
  type HttpAnswer,
  type SignedClient,
} from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startPolicySync } from "./sync-policy.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");
const operator = createSigningKey();
const stranger = createSigningKey();

vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let cleanUp: (() => Promise<void> | void)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "policy-sync-"));
  cleanUp = [() => rmSync(folder, { recursive: true })];
});
afterEach(async () => {
  for (const step of cleanUp.toReversed()) await step();
});

const bundleOf = (revision: number, expiresAt = NOW + 1): PolicyBundle => ({
  format: 1,
  revision,
  issuedAt: NOW,
  expiresAt,
  policies: [],
});
const sealed = (revision: number, key = operator) => JSON.stringify(sealBundle(bundleOf(revision), key));

const answer = (status: number, text = ""): HttpAnswer => ({ status, headers: {}, body: Buffer.from(text) });

/** A collector that offers one thing after the other, and the last of them from then on. */
function sync(offers: HttpAnswer[], { policyKeys = [keyFingerprint(operator.publicKey)] } = {}) {
  const polls: string[] = [];
  const reported: KnownEntry[] = [];
  const changed: number[] = [];
  const client: SignedClient = {
    call: ({ target }) => {
      polls.push(target);
      return Promise.resolve(offers[Math.min(polls.length, offers.length) - 1] ?? answer(204));
    },
  };
  const service = startPolicySync({
    file: join(folder, "policy.json"),
    client: () => client,
    policyKeys: () => policyKeys,
    changed: ({ revision }) => changed.push(revision),
    report: (entry) => reported.push(entry),
    clock: () => NOW,
    log: silentLog,
    backoff: { firstMs: 1, mostMs: 2 },
  });
  cleanUp.push(() => service.stop());
  const polled = (times: number) =>
    vi.waitUntil(() => polls.length >= times, { timeout: 20_000, interval: 1 });
  return { service, polls, polled, reported, changed };
}

test("a bundle of a pinned key comes into force and is on disk before", async () => {
  const { service, polls, polled, changed } = sync([answer(200, sealed(3)), answer(204)]);
  await polled(2);

  expect({ changed, held: service.bundle()?.revision }).toEqual({ changed: [3], held: 3 });
  expect(readFileSync(join(folder, "policy.json"), "utf8")).toBe(sealed(3));
  expect(polls.slice(0, 2)).toEqual(["/agent/v1/policy?held=0&wait=25", "/agent/v1/policy?held=3&wait=25"]);
});

test("after a restart it is in force without a collector, verified again", async () => {
  writeFileSync(join(folder, "policy.json"), sealed(3));

  expect(sync([answer(503)]).service.bundle()?.revision).toBe(3);
});

test("a held file that was tampered with is not used, and that is reported", async () => {
  writeFileSync(
    join(folder, "policy.json"),
    sealed(3).replace(String.raw`\"revision\":3`, String.raw`\"revision\":4`),
  );
  const { service, reported } = sync([answer(503)]);

  expect(service.bundle()).toBeUndefined();
  expect(reported).toMatchObject([{ kind: "trouble", code: "held_policy_refused" }]);
});

test("an expired bundle that is held stays held: rounds go on observing by it", () => {
  writeFileSync(
    join(folder, "policy.json"),
    JSON.stringify(sealBundle({ ...bundleOf(3), expiresAt: NOW - 1 }, operator)),
  );

  expect(sync([answer(503)]).service.bundle()?.revision).toBe(3);
});

const equalRevision = JSON.stringify(sealBundle({ ...bundleOf(3), issuedAt: NOW - 1 }, operator));
const expired = JSON.stringify(sealBundle({ ...bundleOf(4), expiresAt: NOW }, operator));

test.each([
  ["an older revision", sealed(2), "policies never go back"],
  ["another bundle of the same revision", equalRevision, "policies never go back"],
  ["an expired bundle", expired, "expired on 2030-01-31T02:00:00.000Z"],
  ["a stranger's bundle", sealed(4, stranger), "not trusted here"],
  ["no bundle at all", "<html>", "not a signed policy bundle"],
])("%s is refused and reported once, however often it is offered", async (_name, offer, why) => {
  writeFileSync(join(folder, "policy.json"), sealed(3));
  const { service, polled, reported, changed } = sync([answer(200, offer)]);
  await polled(4);

  expect({ changed, held: service.bundle()?.revision }).toEqual({ changed: [], held: 3 });
  expect(reported).toHaveLength(1);
  expect(reported[0]).toMatchObject({
    code: "policy_refused",
    message: expect.stringContaining(why) as string,
  });
});

test("the very bundle that is held is no trouble", async () => {
  writeFileSync(join(folder, "policy.json"), sealed(3));
  const { polled, reported } = sync([answer(200, sealed(3))]);
  await polled(1);

  expect(reported).toEqual([]);
});

test("without a pinned key no bundle is believed", async () => {
  const { service, polled, reported } = sync([answer(200, sealed(3))], { policyKeys: [] });
  await polled(2);

  expect(service.bundle()).toBeUndefined();
  expect(reported).toHaveLength(1);
});
