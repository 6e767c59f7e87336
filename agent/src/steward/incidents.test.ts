import { HOUR_MS } from "@shipkeeper/kit";
import { FakeEngine, createInventoryReader } from "@shipkeeper/docker";
import { handClock } from "@shipkeeper/lab";
import type { HealthStatus, RoundId } from "@shipkeeper/model";
import {
  NO_GUARDRAILS,
  NO_SIGNALS,
  compileBundle,
  parsePolicy,
  planRound,
  roundQuestion,
} from "@shipkeeper/policy";
import type { KnownEntry } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { HOST_ID, NOW, RUN_ID, tempLedger } from "../act/testing/act-world.ts";
import { keepIncidents } from "./incidents.ts";
import { readStanding } from "./standing.ts";

const POLICY = `
policy: lab
hosts: { environment: lab }
rules: [{ restart: sick, mode: enforce, after: 1s, budget: { restarts: 1, per: 1h } }]`;

/** A host with one container, whose rounds a test takes one by one. */
function watchedHost() {
  const clock = handClock(NOW);
  const engine = new FakeEngine({ clock: clock.now });
  const ledger = tempLedger(clock.now);
  const reader = createInventoryReader(engine, { clock: clock.now });
  engine.addImage({ tags: ["web:1"] });
  const { id, imageId } = engine.addContainer({ image: "web:1", name: "web" });
  const { policies, problems } = parsePolicy([{ file: "lab.yaml", text: POLICY }], { now: NOW });
  expect(problems).toEqual([]);
  const bundle = compileBundle(policies, { revision: 1, issuedAt: NOW, expiresAt: NOW + HOUR_MS });
  const told: KnownEntry[] = [];
  const record = (entry: KnownEntry) => void told.push(entry);

  return {
    id,
    told,
    ledger,
    start: (to = record) => keepIncidents({ incidents: ledger.incidents, record: to }),
    attempt: () => {
      const attempt = { containerId: id, runId: RUN_ID };
      ledger.restarts.begin({ ...attempt, identity: "name:web", rung: "restart", imageId, at: clock.now() });
      ledger.restarts.settle(attempt, "failed");
    },
    /** A look at the host, and what a round says of it. */
    async round(keeper: ReturnType<typeof keepIncidents>, health: HealthStatus) {
      await clock.advance(1_000);
      engine.setHealth(id, health);
      const look = await reader.readAll(new AbortController().signal);
      ledger.remember(look);
      const standing = readStanding({
        hostLabels: { environment: "lab" },
        ledger,
        guardrails: () => ({ state: "absent", guardrails: NO_GUARDRAILS }),
        repositories: [],
        self: [],
        signals: () => NO_SIGNALS,
      });
      const question = roundQuestion(standing, {
        now: clock.now(),
        hostId: HOST_ID,
        inventory: ledger.annotate(look),
        bundle,
        trigger: "continuous",
        roundId: RUN_ID as string as RoundId,
        outside: undefined,
        runNow: new Set(),
        haltedRevision: undefined,
      });
      keeper.follow(planRound(question), question.world);
    },
  };
}

const kinds = (told: readonly KnownEntry[]) =>
  told.map((entry) => ("what" in entry ? entry.what : entry.kind));

test("an agent that starts anew goes on with the incidents of the one before, and calls people once", async () => {
  const host = watchedHost();
  const first = host.start();
  await host.round(first, "unhealthy"); // seen, and not believed yet
  await host.round(first, "unhealthy");
  host.attempt();
  await host.round(first, "unhealthy");

  const second = host.start();
  await host.round(second, "unhealthy");
  await host.round(second, "healthy");

  expect(kinds(host.told)).toEqual(["incident", "gave-up", "incident", "incident"]);
  const incidents = host.told.filter((entry) => entry.kind === "incident");
  expect(new Set(incidents.map(({ id }) => id)).size).toBe(1);
  expect(incidents.at(-1)).toMatchObject({ ended: "healed", heals: 1, handedOverAt: NOW + 3_000 });
});

test("what could not be queued is told by the next start", async () => {
  const host = watchedHost();
  const failing = host.start(() => {
    throw new Error("no space left on device");
  });
  await host.round(failing, "unhealthy"); // seen, and not believed yet
  await expect(host.round(failing, "unhealthy")).rejects.toThrow("no space left");
  expect(host.ledger.incidents.openOf(host.id)).toMatchObject({ identity: "name:web" });

  await host.round(host.start(), "unhealthy");
  await host.round(host.start(), "unhealthy");

  expect(kinds(host.told)).toEqual(["incident"]);
});
