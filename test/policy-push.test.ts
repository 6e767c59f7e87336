/** A push, over real connections: from the operator's request to the agents that have the policy in force. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostIdSchema } from "@shipkeeper/model";
import { compileBundle, parsePolicy, type PolicyBundle } from "@shipkeeper/policy";
import {
  createSigningKey,
  httpRequest,
  keyFingerprint,
  sealBundle,
  signedClient,
  silentLog,
  type SigningKey,
} from "@shipkeeper/runtime";
import { expect, onTestFinished, test, vi } from "vitest";
import { startPolicySync } from "../agent/src/policy-sync/sync-policy.ts";
import { startTestCollector, type TestCollector } from "../collector/src/testing/test-collector.ts";

const IN_FORCE_WITHIN_MS = 2_000;
const operator = createSigningKey();

/** The part of an agent that holds the policy, as a host that is enrolled. */
async function agentOn(collector: TestCollector, url: string, name: string, labels: Record<string, string>) {
  const { hostId, key } = await collector.enrolHost(name, labels);
  const folder = mkdtempSync(join(tmpdir(), "policy-push-"));
  const taken = new Map<number, number>();
  const client = signedClient({
    collector: new URL(url),
    signer: { hostId, key },
    clock: () => collector.clock.now,
  });
  const sync = startPolicySync({
    file: join(folder, "policy.json"),
    haltFile: join(folder, "halt.json"),
    client: () => client,
    host: () => ({ hostId: hostIdSchema.parse(hostId), labels }),
    policyKeys: () => [keyFingerprint(operator.publicKey)],
    trustKeys: () => undefined,
    changed: ({ revision }) => void taken.set(revision, performance.now()),
    report: () => undefined,
    clock: () => collector.clock.now,
    log: silentLog,
  });
  onTestFinished(async () => {
    await sync.stop();
    rmSync(folder, { recursive: true });
  });
  return { sync, taken };
}

function bundle(collector: TestCollector, revision: number): PolicyBundle {
  const text = "{ policy: p, hosts: { environment: lab }, rollout: { rings: [canary, all], bake: 1h } }";
  const now = collector.clock.now;
  const { policies } = parsePolicy([{ file: "p.yaml", text }], { now });
  return compileBundle(policies, { revision, issuedAt: now, expiresAt: now + 9 * 3_600_000 });
}

async function push(collector: TestCollector, url: string, key: SigningKey): Promise<void> {
  const { token } = collector.store.apiTokens.make(
    { name: "t", role: "operator", createdBy: "test" },
    collector.clock.now,
  );
  const { status } = await httpRequest({
    url: new URL("/api/v1/policies", url),
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(sealBundle(bundle(collector, 1), key)),
    deadlineMs: 10_000,
  });
  expect(status).toBe(201);
}

test("a push is in force on every online host of its ring within two seconds, and on no other host", async () => {
  const collector = await startTestCollector();
  onTestFinished(() => collector.close());
  const url = await collector.app.listen({ host: "127.0.0.1", port: 0 });
  const ring = { environment: "lab", ring: "canary" };
  const canaries = await Promise.all(
    Array.from({ length: 20 }, (_, index) => agentOn(collector, url, `canary-${index}`, ring)),
  );
  const other = await agentOn(collector, url, "other", { environment: "lab" });
  await vi.waitUntil(() => collector.policyDesk.waiting() === 21, { timeout: 10_000, interval: 5 });

  const pushedAt = performance.now();
  await push(collector, url, operator);
  await vi.waitUntil(() => canaries.every(({ taken }) => taken.has(1)), { timeout: 10_000, interval: 5 });

  const delays = canaries.map(({ taken }) => (taken.get(1) ?? Infinity) - pushedAt);
  expect(Math.max(...delays)).toBeLessThan(IN_FORCE_WITHIN_MS);
  expect(other.sync.bundle()).toBeUndefined();
});
