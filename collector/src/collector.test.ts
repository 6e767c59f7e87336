/** The whole way through, from a signed request to the answer of a query. */
import type { ApiHost, Page, SignedBundle } from "@shipkeeper/protocol";
import { createSigningKey, sealBundle } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bundle, container, inventoryEntry } from "./testing/facts.ts";
import { startTestCollector, type TestCollector } from "./testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

test("what an enrolled host tells of itself is what people read of it", async () => {
  const agent = await collector.enrolHost("web-1");

  const receipt = await agent.tell(inventoryEntry({ containers: [container("shop"), container("db")] }));
  const hosts = (await collector.ask("GET", "/api/v1/hosts")).json<Page<ApiHost>>();

  expect(receipt).toMatchObject({ ackedThrough: 1, rejected: [], policyRevision: 0 });
  expect(hosts.items).toMatchObject([
    {
      id: agent.hostId,
      hostname: "web-1",
      state: "online",
      labels: { environment: "production" },
      containers: { total: 2, running: 2, unhealthy: 0 },
      operatingSystem: "Debian 12",
    },
  ]);
});

test("a policy that is pushed reaches an agent that waits for it at once", async () => {
  const agent = await collector.enrolHost("web-1");
  const signed = sealBundle(bundle(1), createSigningKey());

  expect((await agent.poll(0)).statusCode).toBe(204);
  const startedAt = performance.now();
  const waiting = agent.poll(0, 25);
  const pushed = await collector.ask("POST", "/api/v1/policies", { body: signed, role: "operator" });
  const got = await waiting;

  expect(pushed.statusCode).toBe(201);
  expect(pushed.json()).toMatchObject({ revision: 1, keyTrustedByThisPush: true });
  expect(got.json<SignedBundle>()).toEqual(signed);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
