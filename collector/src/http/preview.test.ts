import { days, HOUR_MS } from "@shipkeeper/kit";
import { compileBundle, explainRound, guardrailsSchema, parsePolicy } from "@shipkeeper/policy";
import type { PolicyPreview, Problem } from "@shipkeeper/protocol";
import { createSigningKey, sealBundle } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW, container, image, imageId, inventoryEntry } from "../testing/facts.ts";
import { standingEntry } from "../testing/standing.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const PRUNE = (mode: string, more = "") => `policy: production
hosts: { environment: production }
owners: { map: { payments: { match: ["pay-*"] } } }
rules:
  - prune: cache
    mode: ${mode}
    schedule: "0 3 * * *"
    images: { unusedFor: 7d, keepNewest: 1 }
    ${more}
`;

/** An image that nobody had to do with for some days. */
const unused = (tag: string, daysAgo: number) => image(tag, { memory: { firstSeenAt: NOW - days(daysAgo) } });

const IMAGES = [unused("pay-web:1", 90), unused("pay-web:2", 60), unused("shop:1", 3), unused("shop:2", 2)];

async function ask(query: string, ...texts: string[]) {
  const files = texts.map((text, index) => ({ file: `policies/${index}.yaml`, text }));
  return collector.ask("POST", `/api/v1/policies/preview${query}`, { role: "reader", body: { files } });
}

async function preview(text: string, query = ""): Promise<PolicyPreview> {
  const reply = await ask(query, text);
  expect(reply.statusCode, reply.body).toBe(200);
  return reply.json<PolicyPreview>();
}

async function push(text: string): Promise<void> {
  const { policies } = parsePolicy([{ file: "in-force.yaml", text }], { now: NOW });
  const bundle = compileBundle(policies, { revision: 1, issuedAt: NOW, expiresAt: NOW + days(90) });
  await collector.ask("POST", "/api/v1/policies", { body: sealBundle(bundle, createSigningKey()) });
}

test("what would be removed, what stays and why, for the fleet, its hosts and owners", async () => {
  const agent = await collector.enrolHost("web-1");
  const containers = [container("shop", { imageId: imageId("shop:1") })];
  await agent.tell(inventoryEntry({ images: IMAGES, containers }), standingEntry());

  const seen = await preview(PRUNE("enforce"));

  expect(seen.hosts).toMatchObject({ known: 1, judged: 1, selected: 1, acting: 1, notJudged: [] });
  expect(seen.holds).toEqual({ containers: 1, images: 4, volumes: 0 });
  expect(seen.tally.acts).toEqual([{ decision: "remove", type: "image", count: 1, bytes: 100e6 }]);
  expect(seen.tally.kept.map(({ why, count }) => `${count} ${why}`).toSorted()).toEqual([
    "1 in-use",
    "2 newest-of-repository",
  ]);
  expect(seen.tally.kept.find(({ why }) => why === "in-use")?.example).toBe("shop:1: used by shop");
  expect(seen.hosts.items).toMatchObject([{ host: "web-1", policies: ["production"], tally: seen.tally }]);
  expect(seen.owners).toMatchObject([
    {
      owner: "payments",
      tally: { acts: [{ count: 1 }] },
      items: [
        {
          host: "web-1",
          target: { name: "pay-web:1" },
          explanation: "unused for 90 days (limit 7 days), owner payments",
        },
      ],
    },
    { tally: { acts: [] } },
  ]);
  expect(seen.rules).toMatchObject([{ rule: "cache", kind: "prune", inCandidate: true, hosts: 1 }]);
});

test("a rule that only observes would do nothing, and what it would tell of is counted by itself", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(inventoryEntry({ images: IMAGES }), standingEntry());

  const { tally, hosts, changes } = await preview(PRUNE("observe"));

  expect(tally).toMatchObject({ acts: [], observes: [{ decision: "remove", count: 1 }] });
  expect([hosts.acting, changes.newly.count]).toEqual([0, 0]);
});

test("what differs from the policy in force: newly done, and no longer", async () => {
  const agent = await collector.enrolHost("web-1");
  const images = [...IMAGES, unused("other:1", 90), unused("other:2", 80)];
  await agent.tell(inventoryEntry({ images }), standingEntry());
  await push(PRUNE("enforce"));

  const same = await preview(PRUNE("enforce"));
  const other = await preview(PRUNE("enforce").replace("unusedFor: 7d", 'unusedFor: 1d, except: ["pay-*"]'));

  expect(same.inForce).toBe(1);
  expect(same.changes).toMatchObject({ newly: { count: 0 }, noLonger: { count: 0 }, items: [] });
  expect(same.tallyInForce).toEqual(same.tally);
  expect(other.changes.items.map(({ change, target }) => `${change} ${target.name}`).toSorted()).toEqual([
    "newly shop:1",
    "no-longer pay-web:1",
  ]);
  expect(other.rules[0]?.changes).toEqual({
    newly: { count: 1, bytes: 100e6 },
    noLonger: { count: 1, bytes: 100e6 },
  });
});

test("compliance before and after: by other checks, and without what would be removed", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(
    inventoryEntry({ images: IMAGES.map((image) => ({ ...image, createdAt: NOW - days(50) })) }),
    standingEntry(),
  );
  const checked = (policy: string, maxAge: string) => `${policy}images: { maxAge: ${maxAge} }\n`;
  await push(checked(PRUNE("observe"), "40d"));

  const same = await preview(checked(PRUNE("observe"), "40d"));
  const pruned = await preview(checked(PRUNE("enforce"), "40d"));
  const lenient = await preview(checked(PRUNE("observe"), "60d"));

  expect(same.compliance).toEqual({ score: { before: 33, after: 33 }, opens: 0, closes: 0, items: [] });
  expect(pruned.compliance).toMatchObject({
    opens: 0,
    closes: 1,
    items: [{ change: "closes", check: "image-too-old", subject: { name: "pay-web:1" } }],
  });
  expect(lenient.compliance).toMatchObject({ score: { before: 33, after: 100 }, opens: 0, closes: 4 });
  expect(Object.fromEntries(lenient.owners.map(({ owner, score }) => [owner, score.after]))).toEqual({
    payments: 100,
    undefined: 100,
  });
  expect(lenient.hosts.items[0]?.score).toEqual({ before: 33, after: 100 });
});

test("one owner's part, and one host's, are cut out of the same sums", async () => {
  for (const name of ["web-1", "web-2"]) {
    const agent = await collector.enrolHost(name);
    await agent.tell(inventoryEntry({ images: IMAGES }), standingEntry());
  }

  const all = await preview(PRUNE("enforce"));
  const payments = await preview(PRUNE("enforce"), "?owner=payments");
  const web2 = await preview(PRUNE("enforce"), "?host=web-2&explain=true");
  const bounded = await preview(PRUNE("enforce"), "?limit=1");

  expect(all.tally.acts).toMatchObject([{ count: 2, bytes: 200e6 }]);
  expect(payments.tally.kept).toMatchObject([{ why: "newest-of-repository", count: 2 }]);
  expect(payments.owners.map(({ owner }) => owner)).toEqual(["payments"]);
  expect(web2.hosts.items.map(({ host }) => host)).toEqual(["web-2"]);
  expect(web2.round && explainRound(web2.round, { hostName: "web-2" })).toContain("remove  pay-web:1");
  expect([bounded.hosts.items.length, bounded.tally]).toEqual([1, all.tally]);
});

test("what a person should know before pushing is said in sentences", async () => {
  const big = await collector.enrolHost("web-1");
  const guarded = await collector.enrolHost("web-2");
  const stopped = await collector.enrolHost("web-3");
  const silent = await collector.enrolHost("web-4");
  const images = [1, 2, 3, 4, 5].map((version) => unused(`app:${version}`, 50 - version));
  await big.tell(inventoryEntry({ images }), standingEntry());
  const guardrails = guardrailsSchema.parse({ neverTouch: { images: ["app:*"] } });
  await guarded.tell(inventoryEntry({ images }), standingEntry({ guardrails }));
  await stopped.tell(inventoryEntry(), standingEntry({ stopFilePresent: true }));
  await silent.tell(inventoryEntry(), standingEntry());
  collector.clock.now += 3 * HOUR_MS;
  for (const agent of [big, guarded, stopped]) await agent.tell();

  const nowhere = PRUNE("enforce")
    .replace("policy: production", "policy: tests")
    .replace("environment: production", "environment: test");
  const reply = await ask("", PRUNE("enforce"), nowhere);

  expect(reply.json<PolicyPreview>().warnings.map(({ message }) => message)).toEqual([
    "policy tests selects none of the 4 judged hosts: nothing of it would be done",
    "removes 80 % of the images of web-1: 4 of 5",
    "web-3 would only observe: stop file /etc/shipkeeper/STOP",
    "the guardrails of web-2 hold back 4 steps",
    "web-4 has not been heard of for 3 hours: judged by its inventory of 2030-01-31 02:00Z",
  ]);
});

test("rules that a preview cannot plan, or only half, are told of", async () => {
  const agent = await collector.enrolHost("web-1");
  const hostLabels = { environment: "production", hostname: "web-1" };
  await agent.tell(inventoryEntry({ images: IMAGES }), standingEntry({ hostLabels }));
  const registry = { at: "hub", host: "web-1", repositories: ["*"], olderThan: "30d" };
  const policy = {
    name: "production",
    hosts: { environment: "production" },
    owners: { labels: [], map: {} },
    exceptions: [],
    rules: [
      { kind: "dream", name: "sheep", mode: "enforce", spec: {} },
      { kind: "registry", name: "old", mode: "enforce", schedule: { everyMs: 60_000 }, spec: registry },
    ],
  };

  const reply = await collector.ask("POST", "/api/v1/policies/preview", { body: { policies: [policy] } });

  expect(reply.json<PolicyPreview>().warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^not planned on 1 host: production\/sheep: this agent knows no action dream/),
    "what web-1 would delete in the registry hub takes a look at it: let the rule observe first",
  ]);
});

test("hosts that cannot be judged are named with the reason, and revoked ones are left out", async () => {
  await collector.enrolHost("fresh");
  const old = await collector.enrolHost("old-agent");
  await old.tell(inventoryEntry());
  const strange = await collector.enrolHost("strange");
  await strange.tell(inventoryEntry(), { kind: "standing", at: NOW, standing: { ledger: "a book" } });
  const revoked = await collector.enrolHost("revoked");
  await collector.ask("POST", `/api/v1/hosts/${revoked.hostId}/revoke`);

  const { hosts } = await preview(PRUNE("enforce"));

  expect(hosts).toMatchObject({ known: 3, judged: 0, selected: 0 });
  expect(Object.fromEntries(hosts.notJudged.map(({ host, why }) => [host, why]))).toEqual({
    fresh: "it has not sent an inventory yet",
    "old-agent": "its agent (0.1.0) has not told its ledger and guardrails yet",
    strange: expect.stringContaining("this collector cannot read the ledger and guardrails"),
  });
});

test("an inventory with a hole is judged as the agent judges it: nothing is removed", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(
    inventoryEntry({ images: IMAGES, containers: [container("pay-web", { imageId: imageId("pay-web:1") })] }),
  );
  const gaps = [{ section: "containers", error: "timeout" } as const];
  await agent.tell(inventoryEntry({ takenAt: NOW + 1, images: IMAGES, gaps }), standingEntry());

  const { tally, warnings } = await preview(PRUNE("enforce"));

  expect(tally).toMatchObject({ acts: [], kept: [{ why: "inventory-incomplete", count: 4 }] });
  expect(warnings).toMatchObject([{ code: "incomplete" }]);
});

test("mistakes in the files come back with their places, and nobody may send both or neither", async () => {
  const wrong = await ask("", PRUNE("enforce").replace("unusedFor: 7d", "unusedFor: 7"));
  const twice = await ask("", PRUNE("enforce"), PRUNE("observe"));
  const neither = await collector.ask("POST", "/api/v1/policies/preview", { body: {} });
  const nobody = await ask("?host=nobody", PRUNE("enforce"));

  expect(wrong.statusCode).toBe(422);
  expect(wrong.json<Problem>().problems).toEqual([
    expect.stringMatching(/^policies\/0\.yaml:8:\d+: .*expected a duration/),
  ]);
  expect([twice.statusCode, neither.statusCode, nobody.statusCode]).toEqual([422, 400, 404]);
  expect((await ask("?explain=true", PRUNE("enforce"))).statusCode).toBe(400);
});

test("previews take turns, and more than a few at once are sent away for a while", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(inventoryEntry({ images: IMAGES }), standingEntry());

  const replies = await Promise.all(Array.from({ length: 6 }, () => ask("", PRUNE("enforce"))));

  const statuses = replies.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b);
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  expect(replies.find(({ statusCode }) => statusCode === 429)?.headers["retry-after"]).toBeDefined();
  expect((await ask("", PRUNE("enforce"))).statusCode).toBe(200);
});
