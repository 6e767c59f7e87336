/** The whole way through, from a signed request to the answer of a query. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApiHost, Page, SignedBundle } from "@shipkeeper/protocol";
import { createSigningKey, sealBundle, silentLog } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loadCollectorConfig, startCollector } from "./collector.ts";
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

// Its deadline is shorter than what the agent would wait for.
test("a policy that is pushed reaches an agent that waits for it at once", { timeout: 20_000 }, async () => {
  const agent = await collector.enrolHost("web-1");
  const signed = sealBundle(bundle(1), createSigningKey());

  expect((await agent.poll(0)).statusCode).toBe(204);
  const waiting = agent.poll(0, 25);
  const pushed = await collector.ask("POST", "/api/v1/policies", { body: signed, role: "operator" });
  const got = await waiting;

  expect(pushed.statusCode).toBe(201);
  expect(pushed.json()).toMatchObject({ revision: 1, keyTrustedByThisPush: true });
  expect(got.json<SignedBundle>()).toEqual(signed);
});

test("a collector that is not backed up says so once when it starts", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "collector-"));
  const warn = vi.fn();
  const log = Object.assign(Object.create(silentLog), { warn });
  const environment = { SHIPKEEPER_DATA_DIR: dataDir, SHIPKEEPER_LISTEN: "127.0.0.1:0" };

  const started = await startCollector(loadCollectorConfig(undefined, environment), { log, clock: Date.now });
  await started.stop();
  rmSync(dataDir, { recursive: true });

  expect(warn.mock.calls).toEqual([
    [{ dataDir }, "the collector's own database is not backed up: backup.to says where to"],
  ]);
});
