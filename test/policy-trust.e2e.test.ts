/**
 * Whose word makes an agent act: real programs on a real engine, and between them a collector in wrong hands, which
 * forges, replays, skips rings and lies. Nothing that nobody signed happens, and people hear of the attempt.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  startFleet,
  startSpine,
  waitUntil,
  type Fleet,
  type LabHost,
  type Spine,
} from "@shipkeeper/lab";
import { compileBundle, parsePolicy, type BundleTerms } from "@shipkeeper/policy";
import {
  apiPolicyDetailSchema,
  eventsPageSchema,
  fleetReportSchema,
  hostsPageSchema,
} from "@shipkeeper/protocol";
import { createSigningKey, readKeyFile, sealBundle, type SigningKey } from "@shipkeeper/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imagesOn } from "./e2e/ask-engine.ts";
import { startHostileCollector, type HostileCollector } from "./e2e/hostile-collector.ts";

const WAIT_MS = 60_000;
const IMAGES = 10;
const ALLOWED_A_DAY = 3;

/** Would remove every image within seconds, were it not for the guardrails. */
const POLICY = `
policy: tidy
hosts: { test: trust }
mode: enforce
rollout: { rings: [canary, all], bake: 1h }
rules:
  - prune: cache
    every: 1s
    images: { unusedFor: 1s, keepNewest: 0 }
    limits: { items: 1, share: 100% }
`;
const GUARDRAILS = `limits: { perDay: { images: ${ALLOWED_A_DAY} } }\n`;

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-trust-"));
let fleet: Fleet;
let host: LabHost;
let spine: Spine;
let hostile: HostileCollector;
let operator: SigningKey;

beforeAll(async () => {
  fleet = await startFleet({ hosts: ["victim"] });
  host = fleet.host("victim");
  spine = await startSpine({ fleet, folder, labelsOf: () => ({ test: "trust" }) });
  operator = readKeyFile(spine.policyKey);
  hostile = await startHostileCollector(fleet.gateway, spine.url);
  mkdirSync(join(folder, "victim"), { recursive: true });
  writeFileSync(join(folder, "victim", "guardrails.yaml"), GUARDRAILS, { mode: 0o600 });
  const policies = join(folder, "policies");
  mkdirSync(policies);
  writeFileSync(join(policies, "tidy.yaml"), POLICY.replace("mode: enforce", "mode: observe"));
  await spine.shipkeeper("policy", "push", policies, "--key", spine.policyKey, "--at-once", "--allow-empty");
  await spine.addAgent(host, hostile.url);
  await untilHolds(1);
});

afterAll(async () => {
  await spine?.stop();
  await hostile?.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function heldRevision(): Promise<number> {
  const { items } = hostsPageSchema.parse(await spine.read("/api/v1/hosts"));
  return items[0]?.policyRevision ?? 0;
}

async function untilHolds(revision: number): Promise<void> {
  await waitUntil(async () => (await heldRevision()) === revision, {
    what: `the host to go by revision ${revision}`,
    deadlineMs: WAIT_MS,
    everyMs: 250,
  });
}

async function refusals(): Promise<string[]> {
  const page = eventsPageSchema.parse(
    await spine.read("/api/v1/events?kind=trouble&what=policy_refused&limit=100"),
  );
  return page.items.map(({ message }) => message);
}

/** A bundle of the enforcing policy as somebody would sign it. */
function signed(
  revision: number,
  { key = operator, ...terms }: Partial<BundleTerms> & { key?: SigningKey } = {},
): string {
  const now = Date.now();
  const { policies } = parsePolicy([{ file: "tidy.yaml", text: POLICY }], { now });
  const whole = { revision, issuedAt: now, expiresAt: now + 3_600_000 * 9, ...terms };
  return JSON.stringify(sealBundle(compileBundle(policies, whole), key));
}

/** Offers each in turn, with an honest answer in between, until the agent has seen all of them. */
async function offerAll(offers: readonly string[]): Promise<void> {
  const left = [...offers];
  let honest = false;
  hostile.onPoll = () => {
    honest = !honest;
    const offer = honest ? undefined : left.shift();
    return offer === undefined ? { status: 204 } : { status: 200, body: offer };
  };
  await waitUntil(() => left.length === 0, { what: "every offer to be looked at", deadlineMs: WAIT_MS });
}

test("no bundle that is tampered with, replayed, older, expired, of a strange key or cut off changes anything, and each is told", async () => {
  const stranger = createSigningKey();
  const past = Date.now() - 1_000;
  const good = signed(2, { atOnce: true });
  const { signed: first } = apiPolicyDetailSchema.parse(await spine.read("/api/v1/policies/1"));
  const offers: [why: string, offer: string][] = [
    ["was changed after it was signed", good.replace(String.raw`\"items\":1`, String.raw`\"items\":9`)],
    ["revision 1 is held: policies never go back", signed(1, { atOnce: true })],
    ["expired on", signed(2, { atOnce: true, issuedAt: past - 1, expiresAt: past })],
    ["is not trusted here", signed(2, { atOnce: true, key: stranger })],
    ["not a signed policy bundle", good.slice(0, -40)],
    ["leaves out the one that it is signed with", signed(2, { atOnce: true, keys: ["0".repeat(64)] })],
  ];
  const replay = JSON.stringify(first);

  await offerAll([replay, ...offers.map(([, offer]) => offer)]);

  await waitUntil(async () => (await refusals()).length >= offers.length, {
    what: "every refusal to be told",
    deadlineMs: WAIT_MS,
    everyMs: 250,
  });
  const told = await refusals();
  expect(
    offers.filter(([why]) => !told.some((message) => message.includes(why))).map(([why]) => why),
  ).toEqual([]);
  expect(told).toHaveLength(offers.length);
  expect(await heldRevision()).toBe(1);
  const { next } = fleetReportSchema.parse(await spine.read("/api/v1/reports/fleet"));
  expect(next).toContainEqual(
    expect.objectContaining({ kind: "policy-not-trusted", urgency: "now", host: "victim" }),
  );
});

test("a collector in wrong hands gets not one object removed beyond what was signed and what the guardrails allow", async () => {
  const images = Array.from({ length: IMAGES }, (_, index) =>
    forgeImage({ tags: [`junk:${index}`], layers: [busyboxLayer()], workdir: `/${index}` }),
  );
  await loadImages(host, images);
  const forged = signed(99, { key: createSigningKey(), atOnce: true });
  const notItsTurn = signed(50);
  let flood = 0;
  hostile.onPoll = () => ({ status: 200, body: flood++ % 2 === 0 ? notItsTurn : forged });
  hostile.onReceipt = (receipt) => ({ ...receipt, policyRevision: 1_000_000, haltedRevision: 999 });
  const before = hostile.polls();
  await waitUntil(() => hostile.polls() >= before + 4, {
    what: "the agent to have refused them again and again",
    deadlineMs: WAIT_MS,
  });
  expect([await heldRevision(), (await imagesOn(host.socketPath)).length]).toEqual([1, IMAGES]);

  // What the operator did sign is taken, from the same hands; the guardrails hold for that, too.
  hostile.onPoll = () => ({ status: 200, body: current });
  const current = signed(2, { atOnce: true });
  await waitUntil(async () => (await imagesOn(host.socketPath)).length <= IMAGES - ALLOWED_A_DAY, {
    what: "what may be removed to be removed",
    deadlineMs: WAIT_MS,
    everyMs: 250,
  });
  const enough = hostile.polls() + 4;
  await waitUntil(() => hostile.polls() >= enough, {
    what: "more rounds to come and go",
    deadlineMs: WAIT_MS,
  });

  expect((await imagesOn(host.socketPath)).length).toBe(IMAGES - ALLOWED_A_DAY);
});

test("that a collector lies of a halt has the host observe, and no more: the next signed revision ends it", async () => {
  hostile.onPoll = () => ({ status: 204, headers: { "x-shipkeeper-halted-revision": "2" } });
  await waitUntil(
    async () => {
      const { items } = eventsPageSchema.parse(await spine.read("/api/v1/events?what=policy-halted"));
      return items.length > 0;
    },
    { what: "the halt to be told", deadlineMs: WAIT_MS, everyMs: 250 },
  );

  const next = signed(3, { atOnce: true });
  hostile.onPoll = () => ({ status: 200, body: next });

  await untilHolds(3);
});
