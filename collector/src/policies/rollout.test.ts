import { HOUR_MS, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { compileBundle, parsePolicy, type BundleTerms, type Round } from "@shipkeeper/policy";
import { SILENT_AFTER_MS, type ApiPolicyDetail, type KnownEntry, type Problem } from "@shipkeeper/protocol";
import { createSigningKey, keyFingerprint, sealBundle, type SigningKey } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW, container, image, inventoryEntry, pruneRound, pruneRun } from "../testing/facts.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

const operator = createSigningKey();

let collector: TestCollector;
let canary: TestAgent;
let early: TestAgent;
let late: TestAgent;
let revision: number;

beforeEach(async () => {
  collector = await startTestCollector();
  canary = await collector.enrolHost("canary-1", { environment: "production", ring: "canary" });
  early = await collector.enrolHost("early-1", { environment: "production", ring: "early" });
  late = await collector.enrolHost("late-1", { environment: "production" });
  revision = 0;
});
afterEach(() => collector.close());

const everybody = () => [canary, early, late];

function push(
  rollout = "{ rings: [canary, early, all], bake: 1h }",
  { key = operator, ...terms }: Partial<BundleTerms> & { key?: SigningKey } = {},
) {
  const issuedAt = collector.clock.now;
  const head = "policy: production, hosts: { environment: production }";
  const text = rollout === "" ? `{ ${head} }` : `{ ${head}, rollout: ${rollout} }`;
  const { policies } = parsePolicy([{ file: "p.yaml", text }], { now: NOW });
  const next = { revision: revision + 1, issuedAt, expiresAt: issuedAt + 999 * HOUR_MS, ...terms };
  return collector.ask("POST", "/api/v1/policies", { body: sealBundle(compileBundle(policies, next), key) });
}

/** Pushes the next revision; it has to be taken. */
async function pushed(...args: Parameters<typeof push>): Promise<number> {
  const reply = await push(...args);
  expect(reply.statusCode).toBe(201);
  revision += 1;
  return revision;
}

/** The revision that a host that holds another one is offered; undefined for none. */
async function offered(agent: TestAgent, held = 0, more = ""): Promise<number | undefined> {
  const reply = await agent.poll(held, 0, more);
  if (reply.statusCode === 204) return undefined;
  return (JSON.parse(reply.json<{ payload: string }>().payload) as { revision: number }).revision;
}
const offers = (held = 0) => Promise.all(everybody().map((agent) => offered(agent, held)));

async function rollout(of = revision) {
  return (await collector.ask("GET", `/api/v1/policies/${of}`)).json<ApiPolicyDetail>().rollout;
}

/** Time goes by, with every host online, and the collector looks after its rollout. */
async function later(ms: number): Promise<void> {
  collector.clock.now += ms;
  for (const agent of everybody()) await agent.tell();
  collector.rollOn();
}

const ownRun = (agent: TestAgent, name: string, status: "done" | "failed" = "done"): KnownEntry[] => {
  const [started, finished] = pruneRun(`${agent.hostId} ${name}`);
  const steps =
    finished.kind === "run-finished" ? finished.outcome.steps.map((step) => ({ ...step, status })) : [];
  return [{ ...started, revision } as KnownEntry, { ...finished, outcome: { steps } } as KnownEntry];
};

test("ring after ring gets it: each once the one before has it and has baked", async () => {
  await pushed();
  expect(await offers()).toEqual([1, undefined, undefined]);

  await later(2 * HOUR_MS);
  expect(await offers()).toEqual([1, undefined, undefined]);
  expect((await rollout()).waitsFor).toBe("canary-1 is online and has not taken it");

  await canary.hold(1);
  await later(59 * MINUTE_MS);
  expect((await rollout()).waitsFor).toBe("ring canary bakes for 1 minute more");
  await later(MINUTE_MS);
  expect(await offers()).toEqual([1, 1, undefined]);
  await early.hold(1);
  await later(HOUR_MS);
  expect(await offers()).toEqual([1, 1, 1]);
  await late.hold(1);
  await later(HOUR_MS);

  expect(await rollout()).toEqual({
    state: "done",
    rings: ["canary", "early", "all"].map((name) => ({
      name,
      bakeMs: HOUR_MS,
      reached: true,
      hosts: 1,
      inForce: 1,
      silent: 0,
    })),
  });
});

test("whoever waits for a policy gets it in the moment in which its ring is reached", async () => {
  await pushed();
  await canary.hold(1);
  const waiting = early.poll(0, 25);
  while (collector.policyDesk.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));

  await later(HOUR_MS);

  expect((await waiting).statusCode).toBe(200);
});

test("a newer revision ends the way of the one before: it goes to no further ring", async () => {
  await pushed();
  await canary.hold(1);
  await pushed();

  await later(HOUR_MS);
  await later(HOUR_MS);

  expect((await rollout(1)).state).toBe("superseded");
  expect(await offers()).toEqual([2, undefined, undefined]);
});

test("a host that joins later is offered what has reached its ring, be it an older revision", async () => {
  await pushed("");
  for (const agent of everybody()) await agent.hold(1);
  collector.rollOn();
  await pushed();

  expect(await offers()).toEqual([2, 1, 1]);
});

test("a halt by hand: no other host gets it, and who has it is told to observe", async () => {
  await pushed("");
  for (const agent of everybody()) await agent.hold(1);
  collector.rollOn();
  await pushed();
  await canary.hold(2);
  const waiting = canary.poll(2, 25);
  while (collector.policyDesk.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));

  const body = { reason: "wrong volume" };
  const refused = await collector.ask("POST", "/api/v1/policies/2/halt", { role: "reader", body });
  const reply = await collector.ask("POST", "/api/v1/policies/2/halt", { role: "operator", body });

  expect([refused.statusCode, reply.statusCode]).toEqual([403, 200]);
  expect((await rollout()).halted).toEqual({ at: NOW, by: "operator", reasons: ["wrong volume"] });
  expect((await waiting).headers["x-shipkeeper-halted-revision"]).toBe("2");
  expect(await canary.tell()).toMatchObject({ policyRevision: 2, haltedRevision: 2 });
  expect((await late.tell()).haltedRevision).toBeUndefined();
  await later(9 * HOUR_MS);
  expect(await offers(1)).toEqual([undefined, undefined, undefined]);
  const current = (await collector.ask("GET", "/api/v1/policies/current")).json<ApiPolicyDetail>();
  expect(current.revision).toBe(1);
  expect((await canary.poll(2, 0, "&halted=2")).headers["x-shipkeeper-halted-revision"]).toBeUndefined();
});

test("a halt of a revision that nobody knows is an error", async () => {
  const reply = await collector.ask("POST", "/api/v1/policies/7/halt", { body: { reason: "x" } });

  expect(reply.statusCode).toBe(404);
});

const images = (count: number) =>
  inventoryEntry({ images: Array.from({ length: count }, (_, index) => image(`web:${index}`)) });

test("more than a fifth of a host's images gone: the rollout halts by itself", async () => {
  await canary.tell(images(4));
  await pushed("{ rings: [canary, all] }");
  await canary.hold(1);
  await canary.tell(...ownRun(canary, "one"));
  collector.rollOn();

  expect(await rollout()).toMatchObject({
    state: "halted",
    halted: { by: "the rollout itself", reasons: ["canary-1 lost 1 of its 4 images (limit 20%)"] },
  });
  expect(await offers()).toEqual([undefined, undefined, undefined]);
});

test("a fifth of a host's images exactly is within the limit", async () => {
  await canary.tell(images(5));
  await pushed("{ rings: [canary, all] }");
  await canary.hold(1);
  await canary.tell(...ownRun(canary, "one"));
  collector.rollOn();

  expect((await rollout()).state).toBe("running");
});

test("runs that fail halt it, but not those of a rule that failed before as well", async () => {
  await pushed("");
  for (const agent of everybody()) await agent.hold(1);
  await canary.tell(...ownRun(canary, "before", "failed"));
  collector.rollOn();
  await pushed("{ rings: [canary, early, all], bake: 1m }");
  await canary.hold(2);
  await canary.tell(...ownRun(canary, "after", "failed"));
  await later(MINUTE_MS);
  expect((await rollout()).state).toBe("running");

  await early.hold(2);
  await early.tell(...ownRun(early, "after", "failed"));
  collector.rollOn();

  expect((await rollout()).halted?.reasons).toEqual([
    "1 of 2 runs failed that had not failed before (limit 2%), on early-1",
  ]);
});

const sick = (name: string) =>
  container(name, { health: { status: "unhealthy", failingStreak: 3, log: [] } });
const failed = (name: string) => container(name, { state: "exited", exitCode: 1 });

test("containers that turn unhealthy or fail halt it, but not those that were so before", async () => {
  const before = [sick("ill"), failed("gone"), container("app"), container("db")];
  await canary.tell(inventoryEntry({ containers: before }));
  await pushed("{ rings: [canary, all] }");
  await canary.hold(1);
  collector.rollOn();
  expect((await rollout()).state).toBe("running");

  const after = [sick("ill"), failed("gone"), sick("app"), container("db"), failed("new")];
  await canary.tell(inventoryEntry({ takenAt: NOW + 1, containers: after }));
  collector.rollOn();

  expect((await rollout()).halted?.reasons).toEqual([
    "1 of 4 containers turned unhealthy or failed (limit 5%): app on canary-1",
  ]);
});

test("a container that a step of the policy stopped has not failed", async () => {
  await canary.tell(inventoryEntry({ containers: [container("batch")] }));
  await pushed("{ rings: [canary, all], halt: { failedRuns: 100% } }");
  await canary.hold(1);
  const [started, finished] = pruneRun("stop");
  const stopped = failed("batch");
  const step = {
    target: { type: "container", id: stopped.id, name: "batch" },
    decision: "stop",
    status: "done",
    startedAt: NOW,
    finishedAt: NOW,
  };
  await canary.tell(started, { ...finished, outcome: { steps: [step] } });
  await canary.tell(inventoryEntry({ takenAt: NOW + 1, containers: [stopped] }));
  collector.rollOn();

  expect((await rollout()).state).toBe("running");
});

test("hosts that fall silent halt it; one that was silent all along does not", async () => {
  await pushed("{ rings: [canary, all], bake: 9h }");
  await canary.hold(1);
  collector.clock.now += SILENT_AFTER_MS + SECOND_MS;
  await early.tell();
  collector.rollOn();

  expect((await rollout()).halted?.reasons).toEqual(["1 of 1 hosts fell silent (limit 1%): canary-1"]);
});

/** A round in which the guardrails had no room for a step, or a `neverTouch` protected an image. */
function cutRound(name: string, reason: { why: string; limit?: string }): KnownEntry {
  const round: Round = { ...pruneRound(name), revision };
  const [planned] = round.planned;
  const verdicts = (planned?.verdicts ?? []).map((verdict) => ({ ...verdict, decision: "wait", reason }));
  return {
    kind: "round",
    round: { ...round, planned: planned === undefined ? [] : [{ ...planned, verdicts }] },
  };
}
const OVER = { why: "limit", limit: "guardrails limits.perRun.images" };

test("a rule that wants more than the guardrails allow halts it", async () => {
  await pushed("{ rings: [canary, all] }");
  await canary.hold(1);
  await canary.tell(
    cutRound("protected", { why: "never-touch" }),
    cutRound("own", { why: "limit", limit: "limits.items" }),
  );
  collector.rollOn();
  expect((await rollout()).state).toBe("running");

  await canary.tell(cutRound("over", OVER));
  collector.rollOn();

  expect((await rollout()).halted?.reasons).toEqual([
    "a rule wanted more than the guardrails allow: production/host-cache on canary-1",
  ]);
});

test("guardrails that cut the rule under the last revision as well do not halt the next, nor where it says so", async () => {
  await pushed("");
  for (const agent of everybody()) await agent.hold(1);
  await canary.tell(cutRound("before", OVER));
  collector.rollOn();
  await pushed("{ rings: [canary, early, all], bake: 1m, halt: { guardrails: false } }");
  await early.tell(cutRound("early", OVER));
  await pushed("{ rings: [canary, early, all], bake: 1m }");
  await canary.hold(3);
  await canary.tell(cutRound("after", OVER));
  collector.rollOn();

  expect((await rollout()).state).toBe("running");
});

test("what is pushed at once is offered to all, and halts only by hand", async () => {
  await canary.tell(images(1));
  await pushed("{ rings: [canary, all] }", { atOnce: true });

  expect(await offers()).toEqual([1, 1, 1]);
  for (const agent of everybody()) await agent.hold(1);
  await canary.tell(...ownRun(canary, "one", "failed"));
  collector.rollOn();
  expect((await rollout()).state).toBe("done");
});

const successor = createSigningKey();
const [OLD, NEW] = [operator, successor].map(({ publicKey }) => keyFingerprint(publicKey)) as [
  string,
  string,
];
const refusal = async (...args: Parameters<typeof push>) => {
  const reply = await push(...args);
  return `${reply.statusCode} ${reply.json<Problem>().code}`;
};

test("a new key signs once every host has heard of it, and may retire the old one", async () => {
  await pushed("");
  await pushed("", { keys: [OLD, NEW] });
  expect(await refusal("", { key: successor, keys: [OLD, NEW] })).toBe("409 key_not_everywhere");

  for (const agent of everybody()) await agent.hold(2);
  collector.rollOn();
  expect(await refusal("")).toBe("422 keys_not_listed");
  expect(await refusal("", { key: successor, keys: [OLD] })).toBe("422 bundle_refused");
  await pushed("", { key: successor, keys: [NEW] });
  expect(await refusal("", { keys: [OLD] })).toBe("422 bundle_refused");
});

test("a host that was away while the keys changed gets the bundle that tells it first", async () => {
  await pushed("");
  await pushed("", { keys: [OLD, NEW] });
  for (const agent of everybody()) await agent.hold(2);
  collector.rollOn();
  await pushed("", { key: successor, keys: [NEW] });

  expect(await offered(late, 1, `&trusts=${OLD}`)).toBe(2);
  expect(await offered(late, 2, `&trusts=${OLD},${NEW}`)).toBe(3);
  expect(await offered(late, 1, `&trusts=${"0".repeat(64)}`)).toBe(3);
});
