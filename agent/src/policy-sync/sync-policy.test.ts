import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS } from "@shipkeeper/kit";
import { parsePolicy, type PolicyBundle } from "@shipkeeper/policy";
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

const answer = (status: number, text = "", headers = {}): HttpAnswer => ({
  status,
  headers,
  body: Buffer.from(text),
});
const OWN_KEY = keyFingerprint(operator.publicKey);

/** A collector that offers one thing after the other, and the last of them from then on. */
function sync(offers: HttpAnswer[], { policyKeys = [OWN_KEY], crashOnTrust = false } = {}) {
  const clock = { now: NOW };
  let trusted: readonly string[] = policyKeys;
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
    haltFile: join(folder, "halt.json"),
    host: () => ({ hostId: "host-1", labels: { environment: "production" } }),
    policyKeys: () => trusted,
    trustKeys(keys) {
      if (crashOnTrust) throw new Error("the machine lost its power");
      trusted = keys;
    },
    changed: ({ revision }) => changed.push(revision),
    report: (entry) => reported.push(entry),
    clock: () => clock.now,
    log: silentLog,
    backoff: { firstMs: 1, mostMs: 2 },
  });
  cleanUp.push(() => service.stop());
  const polled = (times: number) =>
    vi.waitUntil(() => polls.length >= times, { timeout: 20_000, interval: 1 });
  return { service, polls, polled, reported, changed, clock, trusted: () => trusted };
}

test("a bundle of a pinned key comes into force and is on disk before", async () => {
  const { service, polls, polled, changed } = sync([answer(200, sealed(3)), answer(204)]);
  await polled(2);

  expect({ changed, held: service.bundle()?.revision }).toEqual({ changed: [3], held: 3 });
  expect(readFileSync(join(folder, "policy.json"), "utf8")).toBe(sealed(3));
  expect(polls.slice(0, 2)).toEqual([
    `/agent/v1/policy?held=0&trusts=${OWN_KEY}&wait=25`,
    `/agent/v1/policy?held=3&trusts=${OWN_KEY}&wait=25`,
  ]);
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

/** For hosts of the label ring: canary at once, for all others an hour later. */
const staged = (revision: number, terms: Partial<PolicyBundle> = {}): string => {
  const text =
    "{ policy: production, hosts: { environment: production }, rollout: { rings: [canary, all], bake: 1h } }";
  const { policies } = parsePolicy([{ file: "production.yaml", text }], { now: NOW });
  const bundle = { ...bundleOf(revision, NOW + 9 * HOUR_MS), policies, ...terms };
  return JSON.stringify(sealBundle(bundle, operator));
};

test("a bundle whose ring is not this host's turn is left alone without an alarm, whoever offers it", async () => {
  writeFileSync(join(folder, "policy.json"), sealed(3));
  const { service, clock, polls, polled, reported, changed } = sync([answer(200, staged(4))]);
  await polled(1);

  expect({ held: service.bundle()?.revision, reported, changed }).toEqual({
    held: 3,
    reported: [],
    changed: [],
  });

  clock.now += HOUR_MS;
  service.nudge();
  await polled(polls.length + 1);
  await vi.waitUntil(() => changed.length > 0);
  expect(service.bundle()?.revision).toBe(4);
});

test("a host without any policy waits for its ring, too", async () => {
  const { service, polled } = sync([answer(200, staged(1))]);
  await polled(1);

  expect(service.bundle()).toBeUndefined();
});

test("what is signed to be for all at once waits for no ring", async () => {
  const { polled, changed } = sync([answer(200, staged(4, { atOnce: true })), answer(204)]);
  await polled(2);

  expect(changed).toEqual([4]);
});

test("a halt of the revision in force is told once and survives a restart; a newer revision ends it", async () => {
  writeFileSync(join(folder, "policy.json"), sealed(3));
  const first = sync([answer(204, "", { "x-shipkeeper-halted-revision": "3" })]);
  await first.polled(1);
  await vi.waitUntil(() => first.service.haltedRevision() === 3);
  await first.service.stop();

  expect(first.reported).toMatchObject([{ kind: "event", what: "policy-halted", facts: { revision: 3 } }]);
  const second = sync([answer(503)]);
  expect(second.service.haltedRevision()).toBe(3);
  await second.polled(1);
  expect(second.polls[0]).toContain("held=3&halted=3&");
  await second.service.stop();
  const third = sync([answer(200, sealed(4)), answer(204)]);
  await third.polled(2);
  expect([third.service.bundle()?.revision, third.service.haltedRevision()]).toEqual([4, undefined]);
});

test("a halt of any other revision than the one in force means nothing", () => {
  writeFileSync(join(folder, "policy.json"), sealed(3));
  const { service, reported } = sync([answer(503)]);

  for (const revision of [0, 2, 4, Number.MAX_SAFE_INTEGER]) service.noteHalt(revision);

  expect([service.haltedRevision(), reported]).toEqual([undefined, []]);
});

const successor = createSigningKey();
const NEW_KEY = keyFingerprint(successor.publicKey);
const withKeys = (revision: number, keys: string[], key = operator) =>
  JSON.stringify(sealBundle({ ...bundleOf(revision), keys }, key));

test("the old key introduces the new one, and the new one retires the old", async () => {
  const offers = [withKeys(3, [OWN_KEY, NEW_KEY]), withKeys(4, [NEW_KEY], successor), sealed(5)];
  const { service, polled, reported, trusted, changed } = sync(offers.map((offer) => answer(200, offer)));
  await polled(4);

  expect({ changed, trusted: trusted() }).toEqual({ changed: [3, 4], trusted: [NEW_KEY] });
  expect(service.bundle()?.revision).toBe(4);
  expect(reported).toMatchObject([
    { what: "policy-keys-changed", facts: { revision: 3 } },
    { what: "policy-keys-changed", facts: { revision: 4 } },
    { code: "policy_refused", message: expect.stringContaining("not trusted here") as string },
  ]);
});

test.each([
  ["keys that leave out the signer", withKeys(4, [NEW_KEY])],
  ["an empty list of keys", withKeys(4, [])],
  ["keys that a stranger introduces", withKeys(4, [OWN_KEY, NEW_KEY], successor)],
])("%s change nothing and are reported", async (_name, offer) => {
  writeFileSync(join(folder, "policy.json"), sealed(3));
  const { service, polled, reported, trusted } = sync([answer(200, offer)]);
  await polled(2);

  expect([service.bundle()?.revision, trusted()]).toEqual([3, [OWN_KEY]]);
  expect(reported).toMatchObject([{ code: "policy_refused" }]);
});

test("a crash between the bundle and the keys that it introduces is mended by the next start", async () => {
  const { polled, service } = sync([answer(200, withKeys(3, [OWN_KEY, NEW_KEY]))], { crashOnTrust: true });
  await polled(1);
  await service.stop();

  const again = sync([answer(503)]);

  expect([again.service.bundle()?.revision, again.trusted()]).toEqual([3, [OWN_KEY, NEW_KEY]]);
});

test("a collector that floods with ever other forgeries fills neither the log nor the outbox", async () => {
  const forgeries = Array.from({ length: 60 }, (_, index) => answer(200, sealed(4 + index, stranger)));
  const { polled, reported } = sync(forgeries);
  await polled(60);

  expect(reported.length).toBeLessThanOrEqual(20);
});
