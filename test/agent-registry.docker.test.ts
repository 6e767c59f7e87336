import { text } from "node:stream/consumers";
import {
  REGISTRY_USER,
  busyboxLayer,
  forgeImage,
  startFleet,
  startRegistry,
  waitUntil,
  type Fleet,
  type LabHost,
  type Registry,
} from "@shipkeeper/lab";
import { plainImage } from "@shipkeeper/model/testing";
import { imageIdSchema } from "@shipkeeper/model";
import { catalog, isStep } from "@shipkeeper/policy";
import type { SignedClient } from "@shipkeeper/runtime";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS } from "@shipkeeper/kit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { inventory } from "../collector/src/testing/facts.ts";
import {
  startTestCollector,
  type TestAgent,
  type TestCollector,
} from "../collector/src/testing/test-collector.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { hasManifest, pushIndex, tagsOf } from "./agent-lab/push-index.ts";

/** The agent's clock is moved on by hand. */
const laterBy = () => {
  let offsetMs = 0;
  return { now: () => Date.now() + offsetMs, pass: (ms: number) => (offsetMs += ms) };
};

const policy = (mode: string, keys = "") => `
policy: lab
hosts: { environment: lab }
rules:
  - registry: cleanup
    mode: ${mode}
    every: 1s
    at: main
    host: lab-1
    repositories: ["acme/*"]
    olderThan: 90d
    by: created
    keepNewest: 1
    limits: { share: 100% }
    ${keys}
`;

let fleet: Fleet;
let host: LabHost;
let collector: TestCollector;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "registry" });
  host = fleet.host("registry-1");
  collector = await startTestCollector();
  collector.clock.now = Date.now();
});
afterAll(async () => {
  await collector.close();
  await fleet.stop();
});

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-registry-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The registry as a host's configuration has it. */
function at({ address }: Registry, passwordFile?: string) {
  const user = passwordFile === undefined ? {} : { username: REGISTRY_USER.username, passwordFile };
  return { registries: { main: { url: new URL(`http://${address}`), ...user } } };
}

async function registryInTest(options: { deletion?: boolean; users?: boolean } = {}): Promise<Registry> {
  const registry = await startRegistry({ address: fleet.gateway, ...options });
  onTestFinished(() => registry.stop());
  return registry;
}

/** An image with something of its own in it. */
const image = (name: string, createdAt = "2020-01-01T00:00:00Z") =>
  forgeImage({
    createdAt,
    workdir: `/${name}`,
    layers: [busyboxLayer(), [{ path: "own", content: Buffer.from(name.repeat(1_000)) }]],
  });

/** The agent's requests, as the collector gets them. */
function through(agent: TestAgent): Pick<SignedClient, "call"> {
  return {
    async call({ method, target, headers }) {
      const {
        statusCode,
        headers: told,
        rawPayload,
      } = await collector.app.inject(agent.signed(method, target, undefined, headers));
      return { status: statusCode, headers: told as Record<string, string>, body: rawPayload };
    },
  };
}

/** A collector that answers with so many digests at a time, and then no more. */
function telling(...counts: number[]): Pick<SignedClient, "call"> {
  let asked = 0;
  return {
    async call() {
      const count = counts[Math.min(asked, counts.length - 1)] ?? 0;
      asked += 1;
      if (count === 0) return { status: 503, headers: {}, body: Buffer.alloc(0) };
      const held = Array.from({ length: count }, (_, index) => `sha256:${String(index).padStart(64, "0")}`);
      const body = Buffer.from(JSON.stringify({ held, left: [] }));
      return { status: 200, headers: { etag: `"${count}"` }, body };
    },
  };
}

type Kept = Awaited<ReturnType<typeof keepHostInTest>>;

/** Image → `decision: reason` of the first round in which the reason turns up, at the agent's present time. */
async function roundWith(agent: Kept, why: string): Promise<Record<string, string>> {
  const found = await waitUntil(
    () =>
      agent
        .ofKind("round")
        .flatMap(({ round }) => round.planned)
        .find(({ verdicts }) => verdicts.some(({ reason }) => reason.why === why)),
    { what: `a round with the reason ${why}`, deadlineMs: 30_000 },
  );
  return Object.fromEntries(
    found.verdicts.map(({ target, decision, reason }) => [target.name, `${decision}: ${reason.why}`]),
  );
}

async function fill(
  registry: Registry,
): Promise<Record<"used" | "first" | "second" | "shared" | "index", string>> {
  const { address } = registry;
  await registry.push(image("old"), "acme/web:1");
  await registry.push(image("twice"), "acme/web:2");
  await registry.push(image("twice"), "acme/web:also-2");
  await registry.push(image("kept"), "acme/web:3");
  await registry.push(image("kept"), "acme/web:stable");
  const used = await registry.push(image("used"), "acme/web:4");
  await registry.push(image("here"), "acme/web:5");
  await text(await host.engine.pull(`${address}/acme/web:5`));
  await registry.push(image("reproducible", "1970-01-01T00:00:00Z"), "acme/web:6");
  await registry.push(image("new", new Date().toISOString()), "acme/web:7");
  await registry.push(image("other"), "other/app:1");
  // Each loses its tag to the next: only the indexes lead to them in the end.
  const first = await registry.push(image("first"), "acme/web:8");
  const second = await registry.push(image("second"), "acme/web:8");
  const shared = await registry.push(image("shared"), "acme/web:8");
  const index = await pushIndex(address, "acme/web:8", [first, second, shared]);
  await pushIndex(address, "acme/web:9-stable", [shared]);
  return { used, first, second, shared, index };
}

const EXCEPT = `except: ["acme/web:*stable"]`;

test("a registry loses what nobody needs: by digest with all tags, indexes with their parts, and what nobody holds", async () => {
  const registry = await registryInTest();
  const { used, first, second, shared, index } = await fill(registry);
  const other = await collector.enrolHost("other-1");
  const held = plainImage({
    id: imageIdSchema.parse(`sha256:${"0".repeat(64)}`),
    digests: [`x/acme/web@${used}`],
  });
  await other.tell({ kind: "inventory", inventory: inventory({ images: [held] }) });
  const asked = through(await collector.enrolHost("lab-1"));
  const clock = laterBy();
  const settings = { ...at(registry), collector: asked, stateDir: tempFolder(), now: clock.now };

  const observing = await keepHostInTest(host, { policy: policy("observe", EXCEPT), ...settings });
  await roundWith(observing, "just-arrived");
  clock.pass(2 * HOUR_MS);
  const planned = await roundWith(observing, "old");
  await observing.stop();
  const before = await tagsOf(registry.address, "acme/web");
  const enforcing = await keepHostInTest(host, { policy: policy("enforce", EXCEPT), ...settings });
  const [run] = await enforcing.finished("registry");
  const again = await waitUntil(
    () =>
      enforcing
        .ofKind("round")
        .find(({ round }) => round.planned.every(({ verdicts }) => !verdicts.some(isStep))),
    { what: "a round that has nothing more to do", deadlineMs: 20_000 },
  );
  await enforcing.stop();

  expect(planned).toMatchObject({
    "acme/web:1": "remove: old",
    "acme/web:2, :also-2": "remove: old",
    "acme/web:3, :stable": "keep: excepted",
    "acme/web:4": "keep: used-by-fleet",
    "acme/web:5": "keep: used-here",
    "acme/web:6": "keep: newest-of-repository",
    "acme/web:7": "keep: too-young",
    "acme/web:8": "remove: old",
    [`acme/web@${first.slice(0, 19)}`]: "remove: part-of-removed",
    "acme/web:9-stable": "keep: excepted",
  });
  expect(observing.ofKind("run-started")).toEqual([]);
  expect(before).toHaveLength(11);

  expect(run?.outcome.steps.map(({ status }) => status)).toEqual(Array(5).fill("done"));
  expect(await tagsOf(registry.address, "acme/web")).toEqual(["3", "4", "5", "6", "7", "9-stable", "stable"]);
  expect(await tagsOf(registry.address, "other/app")).toEqual(["1"]);
  expect(again.round.planned[0]?.verdicts).toHaveLength(6);
  const there = await Promise.all(
    [first, second, shared, index].map((one) => hasManifest(registry.address, "acme/web", one)),
  );
  expect(there).toEqual([false, false, true, false]);
  const measures = run === undefined ? {} : catalog.registry.measure(run.outcome);
  expect(measures).toMatchObject({ manifestsDeleted: 5, tagsDeleted: 4, failedSteps: 0 });
  // What was promised is what the registry's own garbage collection frees, to the byte.
  expect(await registry.collectGarbage()).toBe(measures["reclaimableBytes"]);
  await text(await host.engine.pull(`${registry.address}/acme/web:4`));
});

test("while the fleet's list is missing, stale or suddenly shorter, nothing is deleted", async () => {
  const registry = await registryInTest();
  await registry.push(image("old"), "acme/web:1");
  await registry.push(image("new", new Date().toISOString()), "acme/web:2");
  const clock = laterBy();
  const settings = { policy: policy("enforce"), ...at(registry), stateDir: tempFolder(), now: clock.now };
  /** Why the old image stays, with a collector that tells so many digests. None: it does not answer. */
  const reasonWith = async (digests: number, why: string) => {
    const agent = await keepHostInTest(host, { ...settings, collector: telling(digests) });
    const round = await roundWith(agent, why);
    await agent.stop();
    expect(agent.ofKind("run-started")).toEqual([]);
    return round["acme/web:1"];
  };

  const young = await reasonWith(0, "just-arrived");
  clock.pass(2 * HOUR_MS);
  const missing = await reasonWith(0, "fleet-list-missing");
  // Held back, so that the list is taken and nothing is done yet.
  writeFileSync(join(settings.stateDir, "STOP"), "");
  const stopped = { ...settings, guardrails: `stopFile: ${join(settings.stateDir, "STOP")}` };
  const held = await keepHostInTest(host, { ...stopped, collector: telling(100) });
  await roundWith(held, "old");
  await held.stop();
  const shorter = await reasonWith(79, "fleet-list-shorter");
  clock.pass(25 * HOUR_MS);
  const stale = await reasonWith(0, "fleet-list-stale");

  expect([young, missing, shorter, stale]).toEqual([
    "keep: just-arrived",
    "refuse: fleet-list-missing",
    "refuse: fleet-list-shorter",
    "refuse: fleet-list-stale",
  ]);
  expect(await tagsOf(registry.address, "acme/web")).toEqual(["1", "2"]);
});

test("a registry that allows no deletion says what to set, and one with users wants the host's credentials", async () => {
  const closed = await registryInTest({ deletion: false });
  const guarded = await registryInTest({ users: true });
  for (const registry of [closed, guarded]) await registry.push(image("old"), "acme/web:1");
  const clock = laterBy();
  const password = join(tempFolder(), "password");
  writeFileSync(password, `${REGISTRY_USER.password}\n`);
  const settings = { now: clock.now, collector: telling(10) };
  const all = policy("enforce").replace("keepNewest: 1", "keepNewest: 0");

  const stranger = await keepHostInTest(host, { policy: all, ...settings, ...at(guarded) });
  const refused = await roundWith(stranger, "listing-incomplete");
  await stranger.stop();
  const agents = await Promise.all(
    [at(guarded, password), at(closed)].map((registries) =>
      keepHostInTest(host, { policy: all, ...settings, ...registries }),
    ),
  );
  await Promise.all(agents.map((agent) => roundWith(agent, "just-arrived")));
  clock.pass(2 * HOUR_MS);
  const [deleted, failed] = await Promise.all(
    agents.map(async (agent) => (await agent.finished("registry"))[0]?.outcome.steps[0]),
  );
  await Promise.all(agents.map((agent) => agent.stop()));

  expect(refused).toEqual({ main: "refuse: listing-incomplete" });
  expect([deleted?.status, failed?.status]).toEqual(["done", "failed"]);
  expect(failed?.error).toContain("REGISTRY_STORAGE_DELETE_ENABLED=true");
  expect(await tagsOf(closed.address, "acme/web")).toEqual(["1"]);
});
