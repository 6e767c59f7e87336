import { volumeNameSchema } from "@shipkeeper/model";
import {
  ORDERS_HEADER,
  ordersPageSchema,
  signOrder,
  type Order,
  type SignedOrder,
} from "@shipkeeper/protocol";
import { createSigningKey, keyFingerprint } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { startTestCollector, type TestAgent } from "../testing/test-collector.ts";

const operator = createSigningKey();

async function world() {
  const collector = await startTestCollector({ configuredKeys: [keyFingerprint(operator.publicKey)] });
  const [web, other] = [await collector.enrolHost("web-1"), await collector.enrolHost("web-2")];
  const now = collector.clock.now;
  let made = 0;
  const order = (fields: Partial<Order> = {}): Order => ({
    format: 1,
    id: `00000000-0000-4000-8000-${String((made += 1)).padStart(12, "0")}`,
    hostId: web.hostId,
    issuedAt: now,
    expiresAt: now + 3_600_000,
    what: { kind: "restore", restorePoint: "4fe1a2b3", into: volumeNameSchema.parse("shop-restored") },
    ...fields,
  });
  const post = (signed: SignedOrder, role: "operator" | "reader" = "operator") =>
    collector.ask("POST", "/api/v1/orders", { role, body: signed });
  const states = async () => {
    const page = ordersPageSchema.parse((await collector.ask("GET", "/api/v1/orders")).json());
    return page.items.map(({ host, state, message }) => [host, state, message]);
  };
  const get = (agent: TestAgent, url: string) => collector.app.inject(agent.signed("GET", url));
  return { collector, web, other, order, post, states, get };
}

test("a signed order goes to its host and to no other, and what that says of it is told", async () => {
  const { web, other, order, post, states, get } = await world();
  const first = order();

  const posted = await post(signOrder(first, operator));
  const poll = await get(web, "/agent/v1/policy");
  const mine = await get(web, "/agent/v1/orders");
  const theirs = await get(other, "/agent/v1/orders");

  expect(posted.statusCode).toBe(201);
  expect(posted.json()).toMatchObject({ id: first.id, host: "web-1", state: "waiting" });
  expect([poll.statusCode, poll.headers[ORDERS_HEADER]]).toEqual([204, "1"]);
  expect(mine.json()).toEqual([signOrder(first, operator)]);
  expect(theirs.json()).toEqual([]);
  expect(await states()).toEqual([["web-1", "waiting", undefined]]);
});

test("what is over stays over, and no host tells of another's order", async () => {
  const { collector, web, other, order, post, states, get } = await world();
  const { id: orderId } = order();
  await post(signOrder(order({ id: orderId }), operator));
  const say = (hostId: typeof web.hostId, state: "accepted" | "done" | "failed", at: number) =>
    collector.store.orders.recordProgress(hostId, {
      kind: "order-progress",
      orderId,
      state,
      message: state,
      at,
    });

  say(other.hostId, "failed", 1);
  expect(await states()).toEqual([["web-1", "waiting", undefined]]);
  say(web.hostId, "accepted", 2);
  say(web.hostId, "done", 3);
  say(web.hostId, "accepted", 4);

  expect(await states()).toEqual([["web-1", "done", "done"]]);
  expect((await get(web, "/agent/v1/orders")).json()).toEqual([]);
});

test("an order that its host would refuse is refused at once, and a reader orders nothing", async () => {
  const { collector, order, post, states } = await world();
  const twice = signOrder(order(), operator);
  await post(twice);
  const now = collector.clock.now;
  const unknown = "00000000-0000-4000-8000-00000000ffff" as Order["hostId"];

  const answers = [
    await post(twice),
    await post(signOrder(order(), createSigningKey())),
    await post({ ...signOrder(order(), operator), signature: "0".repeat(128) }),
    await post(signOrder(order({ hostId: unknown }), operator)),
    await post(signOrder(order({ issuedAt: now - 2, expiresAt: now - 1 }), operator)),
    await post(signOrder(order({ expiresAt: now + 8 * 86_400_000 }), operator)),
    await post(signOrder(order(), operator), "reader"),
  ];

  expect(answers.map(({ statusCode }) => statusCode)).toEqual([422, 422, 422, 422, 422, 422, 403]);
  expect(await states()).toHaveLength(1);
});

test("what nobody took in its time is expired and handed out no more", async () => {
  const { collector, web, order, post, states, get } = await world();
  await post(signOrder(order(), operator));

  collector.clock.now += 3_600_000;

  expect(await states()).toEqual([["web-1", "expired", undefined]]);
  expect((await get(web, "/agent/v1/orders")).json()).toEqual([]);
});
