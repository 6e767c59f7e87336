/** An agent and a collector as they really are, over a link that loses things. No engine: that is a gap, not a failure. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAgentConfig, startAgent, type Agent } from "@shipkeeper/agent";
import { loadCollectorConfig, startCollector } from "@shipkeeper/collector";
import { FakeEngine, type Engine } from "@shipkeeper/docker";
import { days } from "@shipkeeper/kit";
import { flakyLink, waitUntil, type FlakyLink } from "@shipkeeper/lab";
import { compileBundle, parsePolicy } from "@shipkeeper/policy";
import {
  enrollmentTokenMadeSchema,
  formatEnrollmentToken,
  type ApiHost,
  type ApiRun,
  type Page,
} from "@shipkeeper/protocol";
import {
  AlreadyRunning,
  createSigningKey,
  httpRequest,
  keyFingerprint,
  sealBundle,
  silentLog,
} from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const PRUNE_ENDED = `
policy: production
hosts: { environment: production }
mode: enforce
rules:
  - prune: ended
    every: 1h
    containers: { exitedFor: 1d }
`;

vi.setConfig({ testTimeout: 60_000 });

const operator = createSigningKey();

let folder: string;
let collector: Awaited<ReturnType<typeof startCollector>>;
let link: FlakyLink;
let agents: Agent[];

const startCollectorOn = (port: number) => {
  const environment = {
    SHIPKEEPER_LISTEN: `127.0.0.1:${port}`,
    SHIPKEEPER_DATA_DIR: join(folder, "collector"),
  };
  return startCollector(loadCollectorConfig(undefined, environment), { log: silentLog, clock: Date.now });
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "shipping-"));
  agents = [];
  collector = await startCollectorOn(0);
  const { hostname: host, port } = new URL(collector.url);
  link = await flakyLink({ listen: { host: "127.0.0.1", port: 0 }, target: { host, port: Number(port) } });
});
afterEach(async () => {
  for (const agent of agents) await agent.stop();
  await link.stop();
  await collector.stop();
  rmSync(folder, { recursive: true });
});

async function ask(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
  const token = readFileSync(join(folder, "collector/admin.token"), "utf8").trim();
  const answer = await httpRequest({
    url: new URL(path, collector.url),
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    deadlineMs: 5_000,
  });
  expect(answer.status, answer.body.toString()).toBeLessThan(300);
  return JSON.parse(answer.body.toString());
}

async function newToken(): Promise<string> {
  const made = enrollmentTokenMadeSchema.parse(await ask("POST", "/api/v1/enrollment-tokens", {}));
  return formatEnrollmentToken({ ...made, policyKeyFingerprint: keyFingerprint(operator.publicKey) });
}

async function start(token?: string, engine?: Engine): Promise<Agent> {
  const config = readAgentConfig({
    file: undefined,
    environment: {
      SHIPKEEPER_COLLECTOR: `http://${link.address.host}:${link.address.port}`,
      SHIPKEEPER_STATE_DIR: join(folder, "agent"),
      SHIPKEEPER_DOCKER: join(folder, "no-docker.sock"),
      SHIPKEEPER_GUARDRAILS: join(folder, "guardrails.yaml"),
      SHIPKEEPER_LABELS: "{ environment: production }",
    },
    flags: { token },
  });
  const agent = await startAgent(config, {
    log: silentLog,
    clock: Date.now,
    ...(engine === undefined ? {} : { engine }),
  });
  agents.push(agent);
  return agent;
}

async function stop(agent: Agent): Promise<void> {
  agents = agents.filter((other) => other !== agent);
  await agent.stop();
}

const hosts = async () => ((await ask("GET", "/api/v1/hosts")) as Page<ApiHost>).items;
const drained = (agent: Agent) =>
  waitUntil(() => agent.hostId() !== undefined && agent.outbox.usage().entries === 0, {
    what: "everything to be shipped",
    deadlineMs: 40_000,
  });

/** A policy as its author writes it, signed with the operator's key. */
function pushPolicy(
  revision: number,
  text = "policy: production\nhosts: { environment: production }\nrules: []",
) {
  const { policies, problems } = parsePolicy([{ file: "production.yaml", text }], { now: Date.now() });
  expect(problems).toEqual([]);
  const bundle = compileBundle(policies, { revision, issuedAt: 0, expiresAt: Date.now() + 1e9 });
  return ask("POST", "/api/v1/policies", sealBundle(bundle, operator));
}

const revisionOf = (file: string) =>
  (
    JSON.parse((JSON.parse(readFileSync(file, "utf8")) as { payload: string }).payload) as {
      revision: number;
    }
  ).revision;

test("a host enrols with a token, is seen, and holds the policy that the operator signed", async () => {
  const agent = await start(await newToken());
  await drained(agent);
  await pushPolicy(1);
  await waitUntil(() => revisionOf(join(folder, "agent/policy.json")) === 1, {
    what: "the policy to be held",
    deadlineMs: 40_000,
  });

  expect(await hosts()).toMatchObject([{ id: agent.hostId(), state: "online" }]);
});

test("an enrolment whose reply is lost is the same host at the next try", async () => {
  link.dropReplies(1);
  const agent = await start(await newToken());
  await drained(agent);

  expect(await hosts()).toHaveLength(1);
});

test("replies that are lost cost nothing: what the agent counts as stored is what it queued", async () => {
  link.dropReplies(4);
  const agent = await start(await newToken());
  await drained(agent);

  const { enqueued, stored, losses } = agent.outbox.accounts();
  const superseded = losses.find(({ why }) => why === "superseded")?.count ?? 0;
  expect(stored + superseded).toBe(enqueued);
  expect(stored).toBeGreaterThan(0);
});

test("after a restart it is the same host, needs no token, and goes on in the same epoch", async () => {
  const first = await start(await newToken());
  await drained(first);
  const before = { hostId: first.hostId(), epoch: first.outbox.accounts().epoch };
  await stop(first);

  const second = await start();
  await drained(second);

  expect({ hostId: second.hostId(), epoch: second.outbox.accounts().epoch }).toEqual(before);
  expect(await hosts()).toHaveLength(1);
});

test("while the collector is away the agent keeps what it sees, and ships it when it is back", async () => {
  const agent = await start(await newToken());
  await drained(agent);
  await stop(agent);
  const { port } = new URL(collector.url);
  await collector.stop();

  const alone = await start();
  await waitUntil(() => alone.outbox.usage().entries > 0, { what: "an entry to wait", deadlineMs: 40_000 });
  collector = await startCollectorOn(Number(port));
  await drained(alone);

  expect(alone.outbox.accounts().losses.filter(({ why }) => why !== "superseded")).toEqual([]);
});

test("what a signed rule demands is done on the host, and how it ended is known at the collector", async () => {
  const engine = new FakeEngine();
  engine.addImage({ tags: ["web:1"] });
  const ended = { state: "exited", createdAt: 0, startedAt: 0, finishedAt: Date.now() - days(2) } as const;
  const { id } = engine.addContainer({ image: "web:1", name: "old", ...ended });
  engine.addContainer({ image: "web:1", name: "busy" });

  await start(await newToken(), engine);
  await pushPolicy(1, PRUNE_ENDED);
  const run = await waitUntil(
    async () =>
      ((await ask("GET", "/api/v1/runs")) as Page<ApiRun>).items.find(({ result }) => result === "ok"),
    { what: "the run to be told", deadlineMs: 40_000 },
  );

  expect(run).toMatchObject({
    action: "prune",
    rule: "ended",
    mode: "enforce",
    steps: { planned: 1, done: 1 },
  });
  expect(engine.mutations).toEqual([{ call: "removeContainer", subject: id }]);
});

test("a second agent on the same state folder does not start", async () => {
  const agent = await start(await newToken());
  await drained(agent);

  await expect(start()).rejects.toThrow(AlreadyRunning);
});
