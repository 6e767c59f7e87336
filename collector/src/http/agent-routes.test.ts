import { MINUTE_MS } from "@shipkeeper/kit";
import type { Problem } from "@shipkeeper/protocol";
import { createSigningKey, packFrame, sealBundle, signRequest } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW, bundle, eventEntry, status, uuid } from "../testing/facts.ts";
import {
  enrolRequest,
  startTestCollector,
  testAgent,
  type TestCollector,
} from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const EPOCH = uuid("epoch");

function newToken(labels: Record<string, string> = {}) {
  const { store, clock } = collector;
  return store.enrollmentTokens.make(
    { labels, createdBy: "test", expiresAt: clock.now + 15 * MINUTE_MS },
    clock.now,
  );
}

function enrol(
  token = newToken(),
  key = createSigningKey(),
  facts: { at?: number; labels?: Record<string, string> } = {},
) {
  const { at = collector.clock.now, labels = {} } = facts;
  const payload = enrolRequest({ key, token, hostname: "web-1", labels, at });
  return collector.app.inject({ method: "POST", url: "/agent/v1/enroll", payload });
}

const refusal = (reply: { statusCode: number; json(): unknown }) =>
  `${reply.statusCode} ${(reply.json() as Problem).code}`;

test("a token enrols one key, however many requests race for it", async () => {
  const token = newToken();

  const replies = await Promise.all(Array.from({ length: 20 }, () => enrol(token)));

  expect(replies.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
  expect(replies.filter(({ statusCode }) => statusCode === 409)).toHaveLength(19);
});

test("an enrolment whose reply got lost is answered again with the same id", async () => {
  const token = newToken();
  const key = createSigningKey();

  const first = (await enrol(token, key)).json<{ hostId: string }>();
  collector.clock.now += 5 * MINUTE_MS;
  const again = (await enrol(token, key)).json<{ hostId: string }>();

  expect(again.hostId).toBe(first.hostId);
});

test("what the token says of a host goes before what the host says of itself", async () => {
  await enrol(newToken({ environment: "production" }), createSigningKey(), {
    labels: { environment: "sandbox", site: "vienna" },
  });

  const host = (await collector.ask("GET", "/api/v1/hosts/web-1")).json();
  expect(host).toMatchObject({ labels: { environment: "production", site: "vienna" } });
});

test("every way to be refused at enrolment has its own code", async () => {
  const key = createSigningKey();
  const used = newToken();
  await enrol(used, key);
  const forged = enrolRequest({
    key: createSigningKey(),
    token: newToken(),
    hostname: "a",
    labels: {},
    at: NOW,
  });

  expect(refusal(await enrol(used))).toBe("409 token_used");
  expect(refusal(await enrol(newToken(), key))).toBe("409 key_enrolled");
  expect(refusal(await enrol({ ...newToken(), secret: "0".repeat(64) }))).toBe("401 token_unknown");
  expect(refusal(await enrol(newToken(), createSigningKey(), { at: NOW - 6 * MINUTE_MS }))).toBe(
    "401 clock_skew",
  );
  const post = (payload: object) =>
    collector.app.inject({ method: "POST", url: "/agent/v1/enroll", payload });
  expect(refusal(await post({ ...forged, hostname: "b" }))).toBe("401 bad_signature");
  expect(refusal(await post({ ...forged, surprise: 1 }))).toBe("400 invalid_input");
  const late = newToken();
  collector.clock.now += 15 * MINUTE_MS;
  expect(refusal(await enrol(late))).toBe("401 token_expired");
});

test("every way not to be believed has its own code, and says nothing to the impatient", async () => {
  const agent = await collector.enrolHost("web-1");
  const stranger = testAgent(
    collector.app,
    { hostId: uuid("nobody") as never, key: createSigningKey() },
    () => NOW,
  );
  const thief = testAgent(collector.app, { hostId: agent.hostId, key: createSigningKey() }, () => NOW);
  const slow = testAgent(collector.app, agent, () => NOW - 6 * MINUTE_MS);

  expect(refusal(await collector.app.inject("/agent/v1/policy"))).toBe("401 not_signed");
  expect(refusal(await stranger.poll(0))).toBe("401 unknown_host");
  expect(refusal(await thief.poll(0))).toBe("401 bad_signature");
  const skewed = await slow.poll(0);
  expect(refusal(skewed)).toBe("401 clock_skew");
  expect(skewed.json()).toMatchObject({ serverTime: NOW });
  expect((await collector.ask("POST", "/api/v1/hosts/web-1/revoke", { role: "operator" })).statusCode).toBe(
    200,
  );
  expect(refusal(await agent.poll(0))).toBe("403 revoked");
});

test("a signature holds for one method, one address and one body", async () => {
  const agent = await collector.enrolHost("web-1");
  const { body } = packFrame({ head: { hello: 1 }, blobs: [] });
  const headers = {
    "content-type": "application/vnd.shipkeeper.batch",
    ...signRequest({ method: "POST", target: "/agent/v1/batches", body }, agent, NOW),
  };
  const post = (url: string, payload: Buffer) =>
    collector.app.inject({ method: "POST", url, headers, payload });

  expect(refusal(await post("/agent/v1/batches", body))).toBe("400 invalid_input");
  expect(refusal(await post("/agent/v1/batches?x=1", body))).toBe("401 bad_signature");
  expect(refusal(await post("/agent/v1/batches", Buffer.concat([body, body])))).toBe("401 bad_signature");
});

test("a batch recorded from one host and sent by another stores nothing (S5)", async () => {
  const web = await collector.enrolHost("web-1");
  const db = await collector.enrolHost("db-1");
  const batch = { epoch: EPOCH, entries: [{ seq: 1, body: eventEntry("mine") }] };

  expect((await web.send(batch)).statusCode).toBe(202);
  expect(refusal(await db.send(batch))).toBe("409 epoch_owned");
  const events = (await collector.ask("GET", "/api/v1/events")).json<{ items: { host: string }[] }>();
  expect(events.items.map(({ host }) => host)).toEqual(["web-1"]);
});

test("bodies that are no batch are refused, whatever they are, and the collector goes on", async () => {
  const agent = await collector.enrolHost("web-1");
  const send = (body: Buffer, headers: Record<string, string> = {}) =>
    collector.app.inject(
      agent.signed("POST", "/agent/v1/batches", body, {
        "content-type": "application/vnd.shipkeeper.batch",
        ...headers,
      }),
    );
  const nested = Buffer.from(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(nested.length);
  const bomb = packFrame({ head: "0".repeat(40 * 2 ** 20), blobs: [] });
  const head = { protocol: 1, epoch: EPOCH, after: 0, status: status() };
  const batch = (entries: unknown) => packFrame({ head: { ...head, entries }, blobs: [] }).body;

  expect(refusal(await send(Buffer.from("nonsense")))).toBe("400 invalid_input");
  expect(refusal(await send(Buffer.concat([length, nested])))).toBe("400 invalid_input");
  expect(refusal(await send(bomb.body, { "content-encoding": "br" }))).toBe("400 invalid_input");
  expect(refusal(await send(bomb.body, { "content-encoding": "gzip" }))).toBe("400 invalid_input");
  expect(refusal(await send(Buffer.from("{}"), { "content-type": "text/plain" }))).toMatch(/^415 /);
  for (const seq of [0, -1, 1.5, 2 ** 53, "1", null]) {
    expect(refusal(await send(batch([{ seq, body: {} }])))).toBe("400 invalid_input");
  }
  expect(
    refusal(
      await send(
        batch([
          { seq: 2, body: {} },
          { seq: 1, body: {} },
        ]),
      ),
    ),
  ).toBe("400 invalid_input");
  expect((await agent.tell(eventEntry("still here"))).ackedThrough).toBe(1);
});

test("an agent that holds the newest policy waits its time and gets nothing", async () => {
  const agent = await collector.enrolHost("web-1");
  const signed = sealBundle(bundle(1), createSigningKey());
  await collector.ask("POST", "/api/v1/policies", { body: signed });

  expect((await agent.poll(0)).json()).toEqual(signed);
  expect((await agent.poll(1)).statusCode).toBe(204);
  const startedAt = performance.now();
  expect((await agent.poll(1, 1)).statusCode).toBe(204);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
});

test("a collector that stops sends home whoever waits for a policy", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.poll(0);

  const waiting = agent.poll(0, 25);
  await new Promise((resolve) => setImmediate(resolve));
  while (collector.policyDesk.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));
  collector.policyDesk.close();

  expect((await waiting).statusCode).toBe(204);
});
