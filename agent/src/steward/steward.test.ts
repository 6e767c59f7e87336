import { DAY_MS } from "@shipkeeper/kit";
import { FakeEngine } from "@shipkeeper/docker";
import { handClock, waitUntil } from "@shipkeeper/lab";
import type { Inventory } from "@shipkeeper/model";
import { NO_SIGNALS, NO_GUARDRAILS, compileBundle, parsePolicy } from "@shipkeeper/policy";
import type { EntryKind, EntryOf, KnownEntry } from "@shipkeeper/protocol";
import { createSigningKey, silentLog } from "@shipkeeper/runtime";
import { expect, onTestFinished, test } from "vitest";
import { createClaims } from "../act/claims.ts";
import { HOST_ID, NOW, RUN_ID, removeImage, summary, tempLedger } from "../act/testing/act-world.ts";
import { startObserving } from "../observe/observe.ts";
import { ownActs } from "../own-acts.ts";
import type { GuardrailsState } from "./guardrails-file.ts";
import { startSteward, type StewardOptions } from "./steward.ts";

const SOON = { deadlineMs: 5_000, everyMs: 5 };
const PRUNE = (mode: string) => `{ prune: cache, mode: ${mode}, every: 1h, images: { unusedFor: 7d } }`;

/** An agent whose host it has known for 30 days, on a fake engine. */
async function world(rule: string, options: Partial<StewardOptions> & { before?: (w: Stage) => void } = {}) {
  const clock = handClock(NOW - 30 * DAY_MS);
  const engine = new FakeEngine({ clock: clock.now });
  const ledger = tempLedger(clock.now);
  const told: KnownEntry[] = [];
  engine.addImage({ tags: ["old:1"] });
  engine.addImage({ tags: ["used:1"] });
  engine.addContainer({ image: "used:1", name: "app" });
  const observer = startObserving({
    engine,
    ledger,
    clock: clock.now,
    log: silentLog,
    resyncIntervalMs: DAY_MS,
    onEvent: () => undefined,
  });
  const own = ownActs({ clock: clock.now });
  observer.follow(own);
  onTestFinished(() => observer.stop());
  await waitUntil(() => observer.current(), { what: "a first look", ...SOON });
  await clock.advance(30 * DAY_MS);
  options.before?.({ engine, ledger });

  const text = `{ policy: lab, hosts: { environment: lab }, rules: [${rule}] }`;
  const { policies, problems } = parsePolicy([{ file: "lab.yaml", text }], { now: NOW });
  expect(problems).toEqual([]);
  const bundle = compileBundle(policies, { revision: 1, issuedAt: NOW - DAY_MS, expiresAt: NOW + DAY_MS });
  const steward = startSteward({
    keepHostBundle: async () => ({ folder: "/var/empty", about: [] }),
    engine,
    observer,
    ledger,
    bundle: () => bundle,
    guardrails: () => ({ state: "absent", guardrails: { ...NO_GUARDRAILS, stopFile: "/nonexistent/STOP" } }),
    hostId: HOST_ID,
    hostKey: createSigningKey(),
    hostLabels: { environment: "lab" },
    repositories: [],
    self: [],
    signals: () => NO_SIGNALS,
    restic: undefined,
    recoveryKey: () => undefined,
    registries: new Map(),
    claims: createClaims(),
    ownActs: own,
    quiesce: {
      replayed: Promise.resolve(),
      hold: () => Promise.reject(new Error("nothing stands still in these tests")),
    },
    lookOutside: async () => ({ registries: new Map() }),
    record: (entry) => void told.push(entry),
    log: silentLog,
    clock: clock.now,
    pause: (ms, options) => clock.sleep(ms, options),
    freeBytes: async () => 1_000 - engine.mutations.length,
    ...options,
  });
  onTestFinished(() => steward.stop());
  const ofKind = <Kind extends EntryKind>(kind: Kind) =>
    told.filter((entry): entry is EntryOf<Kind> => entry.kind === kind);
  const tags = async () => (await engine.imageNames()).flatMap(({ tags }) => tags);
  return { engine, ledger, told, ofKind, steward, clock, observer, tags };
}
type Stage = { engine: FakeEngine; ledger: ReturnType<typeof tempLedger> };

test("an enforcing rule is planned, told, done and told again, in that order", async () => {
  const { told, ofKind, tags, ledger } = await world(PRUNE("enforce"));

  const finished = await waitUntil(() => ofKind("run-finished")[0], { what: "a finished run", ...SOON });

  expect(told.map(({ kind }) => kind)).toEqual(["round", "run-started", "run-finished"]);
  expect(finished).toMatchObject({ ended: "finished", action: "prune", outcome: { freedBytes: -2 } });
  expect(summary(finished.outcome.steps)).toEqual({ "old:1": "done" });
  expect(await tags()).toEqual(["used:1"]);
  expect(ledger.journal.openRuns()).toEqual([]);
});

test("an observing rule plans and tells, and the engine hears of nothing", async () => {
  const { ofKind, engine, ledger } = await world(PRUNE("observe"));

  const told = await waitUntil(() => ofKind("round")[0], { what: "a round", ...SOON });
  await waitUntil(() => ledger.ruleRuns.all().size === 1, { what: "the round to be over", ...SOON });

  expect(told.round.planned[0]?.verdicts.filter(({ decision }) => decision === "remove")).toHaveLength(1);
  expect(ofKind("run-started")).toEqual([]);
  expect(engine.mutations).toEqual([]);
});

test("where the intent cannot be written nothing starts", async () => {
  let tries = 0;
  const { engine, ledger } = await world(PRUNE("enforce"), {
    record(entry) {
      if (entry.kind !== "run-started") return;
      tries += 1;
      throw new Error("no space left on device");
    },
  });

  await waitUntil(() => tries > 0, { what: "a try to write the intent", ...SOON });

  expect(engine.mutations).toEqual([]);
  expect(ledger.journal.openRuns()).toEqual([]);
});

test("broken guardrails leave an enforcing rule to observing, and the round says why", async () => {
  const broken: GuardrailsState = {
    state: "broken",
    guardrails: NO_GUARDRAILS,
    problem: "everybody may write it",
  };
  const { ofKind, engine } = await world(PRUNE("enforce"), { guardrails: () => broken });

  const told = await waitUntil(() => ofKind("round")[0], { what: "a round", ...SOON });

  expect(told.round.planned[0]).toMatchObject({
    mode: "observe",
    heldBackBy: expect.stringContaining("everybody may write it"),
  });
  expect(engine.mutations).toEqual([]);
});

test("guardrails that change during a run end it", async () => {
  let state: GuardrailsState = { state: "absent", guardrails: NO_GUARDRAILS };
  const { ofKind, engine } = await world(PRUNE("enforce"), {
    guardrails: () => state,
    freeBytes: async () => {
      state = { state: "in-force", guardrails: NO_GUARDRAILS, sha256: "changed" };
      return 0;
    },
  });

  const finished = await waitUntil(() => ofKind("run-finished")[0], { what: "a finished run", ...SOON });

  expect(finished.ended).toBe("stopped");
  expect(summary(finished.outcome.steps)).toEqual({ "old:1": "skipped: guardrails-changed" });
  expect(engine.mutations).toEqual([]);
});

test("a continuous rule that comes to the same plan is told once", async () => {
  let looks = 0;
  const { ofKind, observer } = await world("{ restart: sick, mode: enforce }");
  await waitUntil(() => ofKind("round")[0], { what: "a round", ...SOON });
  observer.subscribe(() => (looks += 1));

  for (let turn = 0; turn < 5; turn += 1) await observer.refreshNow();
  await waitUntil(() => looks >= 5, { what: "five looks", ...SOON });

  expect(ofKind("round")).toHaveLength(1);
});

test("a run that a crash cut off is settled by looking before anything else, and never repeated", async () => {
  const { told, ledger, engine } = await world(PRUNE("observe"), {
    before({ engine, ledger }) {
      const gone = engine.addImage({ tags: ["gone:1"] });
      const there = engine.addImage({ tags: ["there:1"] });
      ledger.journal.beginRun({ runId: RUN_ID, kind: "prune", ruleKey: "lab/cache", at: NOW });
      for (const [position, image] of [gone, there].entries()) {
        ledger.journal.beginStep({ runId: RUN_ID, position, verdict: removeImage(image), at: NOW });
      }
      engine.forget(gone.id);
    },
  });

  const [settled] = await waitUntil(() => told.length > 0 && told, { what: "a settled run", ...SOON });

  expect(settled).toMatchObject({ kind: "run-finished", runId: RUN_ID, ended: "reconciled" });
  expect(settled?.kind === "run-finished" && summary(settled.outcome.steps)).toEqual({
    "gone:1": "done: found-gone",
    "there:1": "skipped: cut-off",
  });
  expect(ledger.journal.openRuns()).toEqual([]);
  expect(engine.mutations).toEqual([]);
});

test("an engine that does not answer settles nothing and starts nothing", async () => {
  let down = () => undefined as void;
  const { told, ledger, observer } = await world(PRUNE("enforce"), {
    before({ engine, ledger }) {
      ledger.journal.beginRun({ runId: RUN_ID, kind: "prune", ruleKey: "lab/cache", at: NOW });
      const verdict = removeImage(engine.addImage({ tags: ["some:1"] }));
      ledger.journal.beginStep({ runId: RUN_ID, position: 0, verdict, at: NOW });
      down = engine.goDown();
    },
  });

  const blind: Inventory = await observer.refreshNow();

  expect(blind.gaps.length).toBeGreaterThan(0);
  expect(told).toEqual([]);
  expect(ledger.journal.openRuns()).toHaveLength(1);
  down();
});
