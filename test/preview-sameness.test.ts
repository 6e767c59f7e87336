/** What the preview says of a host is what the host's own agent plans: same inventory, same memory, same planners. */
import { DAY_MS } from "@shipkeeper/kit";
import { FakeEngine } from "@shipkeeper/docker";
import { handClock, waitUntil } from "@shipkeeper/lab";
import { imageIdSchema } from "@shipkeeper/model";
import {
  NO_SIGNALS,
  compileBundle,
  guardrailsSchema,
  ownersFor,
  parsePolicy,
  type Round,
} from "@shipkeeper/policy";
import type { KnownEntry, PolicyPreview } from "@shipkeeper/protocol";
import { createSigningKey, silentLog } from "@shipkeeper/runtime";
import { expect, onTestFinished, test } from "vitest";
import { HOST_ID, RUN_ID, tempLedger } from "../agent/src/act/testing/act-world.ts";
import { createClaims } from "../agent/src/act/claims.ts";
import { startObserving } from "../agent/src/observe/observe.ts";
import { ownActs } from "../agent/src/own-acts.ts";
import { reportInventory } from "../agent/src/outbox/report-inventory.ts";
import { reportStanding } from "../agent/src/outbox/report-standing.ts";
import type { GuardrailsState } from "../agent/src/steward/guardrails-file.ts";
import { readStanding } from "../agent/src/steward/standing.ts";
import { startSteward } from "../agent/src/steward/steward.ts";
import { NOW } from "../collector/src/testing/facts.ts";
import { startTestCollector } from "../collector/src/testing/test-collector.ts";

const POLICY = `policy: lab
hosts: { environment: production }
owners: { map: { payments: { match: ["pay-*"] } } }
rules:
  - prune: cache
    every: 1h
    images: { unusedFor: 7d, keepNewest: 1 }
    containers: { exitedFor: 3d }
  - backup: data
    every: 1h
    select: { volumes: ["*-data"] }
    to: [local, offsite]
  - restart: sick
    after: 30s
`;
const SOON = { deadlineMs: 5_000, everyMs: 5 };
const guardrails: GuardrailsState = {
  state: "in-force",
  sha256: "0",
  guardrails: guardrailsSchema.parse({
    neverTouch: { images: ["pay-base:*"] },
    limits: { perRun: { images: 1 } },
    stopFile: "/nonexistent/STOP",
  }),
};

/** An agent that has known its host for thirty days, and everything that it told. */
async function agentThatObserves() {
  const clock = handClock(NOW - 30 * DAY_MS);
  const engine = new FakeEngine({ clock: clock.now });
  const ledger = tempLedger(clock.now);
  for (const tag of ["pay-web:1", "pay-web:2", "pay-web:3", "pay-base:1", "shop:1"]) {
    engine.addImage({ tags: [tag] });
  }
  engine.addContainer({
    image: "shop:1",
    name: "shop",
    health: { status: "unhealthy", failingStreak: 3, log: [] },
  });
  engine.addContainer({ image: "pay-web:3", name: "job", state: "exited", finishedAt: NOW - 20 * DAY_MS });
  engine.addVolume({ name: "shop-data" });
  ledger.restarts.begin({
    identity: "name:shop",
    containerId: "c",
    runId: RUN_ID,
    at: NOW - DAY_MS,
    rung: "restart",
    sign: "unhealthy",
    imageId: imageIdSchema.parse(`sha256:${"a".repeat(64)}`),
  });

  const told: KnownEntry[] = [];
  const { policies } = parsePolicy([{ file: "lab.yaml", text: POLICY }], { now: NOW });
  const bundle = compileBundle(policies, { revision: 1, issuedAt: NOW - DAY_MS, expiresAt: NOW + DAY_MS });
  const hostLabels = { environment: "production" };
  const observer = startObserving({
    engine,
    ledger,
    clock: clock.now,
    log: silentLog,
    resyncIntervalMs: DAY_MS,
    ownerRules: () => ownersFor(bundle, hostLabels),
    onEvent: () => undefined,
  });
  onTestFinished(() => observer.stop());
  await waitUntil(() => observer.current(), { what: "a first look", ...SOON });
  await clock.advance(30 * DAY_MS);

  const sources = {
    hostLabels,
    ledger,
    guardrails: () => guardrails,
    repositories: ["local"],
    self: [],
    signals: () => NO_SIGNALS,
  };
  const before = readStanding(sources);
  const steward = startSteward({
    keepHostBundle: async () => ({ folder: "/var/empty", about: [] }),
    ...sources,
    ledger,
    engine,
    observer,
    bundle: () => bundle,
    hostId: HOST_ID,
    hostKey: createSigningKey(),
    restic: undefined,
    recoveryKey: () => undefined,
    registries: new Map(),
    claims: createClaims(),
    quiesce: {
      replayed: Promise.resolve(),
      hold: () => Promise.reject(new Error("nothing stands still in these tests")),
    },
    ownActs: ownActs({ clock: clock.now }),
    lookOutside: async () => ({ registries: new Map() }),
    record: (entry) => void told.push(entry),
    log: silentLog,
    clock: clock.now,
  });
  onTestFinished(() => steward.stop());
  const rounds = () => told.flatMap((entry) => (entry.kind === "round" ? [entry.round] : []));
  await waitUntil(() => new Set(rounds().flatMap(kindsOf)).size === 5, {
    what: "three rules planned, and what a backup brings along",
    ...SOON,
  });

  const report = {
    outbox: { append: (entry: KnownEntry) => told.push(entry) },
    clock: clock.now,
    resyncMs: 0,
    failed: (error: unknown) => expect.unreachable(String(error)),
  };
  reportInventory(report).look(await observer.refreshNow());
  reportStanding(report).look(before);
  const states = told.filter(({ kind }) => kind === "inventory" || kind === "standing");
  return { states, rounds: rounds() };
}

const kindsOf = ({ planned }: Round) => planned.map(({ kind }) => kind);

/** Every verdict of the newest plan of each rule. */
function verdictsOf(rounds: readonly Round[]) {
  const newest = new Map(rounds.flatMap(({ planned }) => planned).map((rule) => [rule.rule, rule]));
  return Object.fromEntries([...newest].map(([name, { verdicts }]) => [name, verdicts]));
}

test("the round that a preview explains has the verdicts of the agent's own round", async () => {
  const { states, rounds } = await agentThatObserves();
  const collector = await startTestCollector();
  onTestFinished(() => collector.close());
  const agent = await collector.enrolHost("web-1");
  await agent.tell(...states);

  const reply = await collector.ask("POST", "/api/v1/policies/preview?host=web-1&explain=true", {
    body: { files: [{ file: "lab.yaml", text: POLICY }] },
  });

  const { round, hosts } = reply.json<PolicyPreview>();
  const agents = verdictsOf(rounds);
  expect(hosts).toMatchObject({ judged: 1, notJudged: [] });
  expect(Object.values(agents).flat().length).toBeGreaterThan(8);
  expect(round && verdictsOf([round])).toEqual(agents);
});
