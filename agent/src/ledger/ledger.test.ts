import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { days } from "@shipkeeper/kit";
import { fakeContainerId, fakeImageId } from "@shipkeeper/docker";
import { plainContainer, plainImage, plainVolume } from "@shipkeeper/model/testing";
import { runIdSchema, type Inventory } from "@shipkeeper/model";
import type { StepOutcome, Verdict } from "@shipkeeper/policy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLedger } from "./ledger.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");
const RUN = runIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000002");
const WEB = fakeImageId("web");
const APP = fakeContainerId("app");

let folder: string;
let now: number;
beforeEach(() => {
  now = NOW;
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-ledger-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openLedger(join(folder, "ledger.db"), () => now);

function inventory(content: Partial<Inventory>): Inventory {
  const host = {
    hostname: "h",
    kernel: "",
    operatingSystem: "",
    architecture: "",
    cpus: 1,
    memoryBytes: 1,
    disks: [],
  };
  return {
    takenAt: now,
    host,
    containers: [],
    images: [],
    volumes: [],
    networks: [],
    buildCache: [],
    gaps: [],
    ...content,
  };
}

const web = (tags = ["web:1"]) => plainImage({ id: WEB, tags });
const app = (health: "healthy" | "unhealthy" | "starting") =>
  plainContainer({
    id: APP,
    name: "app",
    image: "web:1",
    imageId: WEB,
    health: { status: health, failingStreak: 0, log: [] },
  });

test("remembers over restarts since when an image is here, when it was used and when it was tagged", () => {
  const first = open();
  first.remember(inventory({ images: [web()], containers: [app("healthy")] }));
  now += days(1);
  first.remember(inventory({ images: [web(["web:1", "web:2"])] }));
  first.close();

  const second = open();
  const seen = second.annotate(inventory({ images: [web()] }));
  second.close();

  expect(seen.images[0]?.memory).toEqual({ firstSeenAt: NOW, lastUsedAt: NOW, lastTaggedAt: NOW + days(1) });
  expect(second.bornAt).toBe(NOW);
});

test("an image that was removed and comes again is new; one that could not be listed is not forgotten", () => {
  const ledger = open();
  const age = (seen: Inventory) =>
    ledger.annotate({ ...seen, images: [web()] }).images[0]?.memory?.firstSeenAt;
  ledger.remember(inventory({ images: [web()] }));

  now += days(1);
  const partial = inventory({ gaps: [{ section: "images", error: "HTTP 500" }] });
  ledger.remember(partial);
  expect(age(partial)).toBe(NOW);
  ledger.remember(inventory({ images: [] }));
  ledger.remember(inventory({ images: [web()] }));

  expect(age(partial)).toBe(NOW + days(1));
  ledger.close();
});

test("an image that came again while nobody looked is as young as the engine says", () => {
  const ledger = open();
  const memory = () => ledger.annotate(inventory({ images: [web()] })).images[0]?.memory;
  ledger.remember(inventory({ images: [web()] }));

  now += days(9);
  const again = NOW + days(8);
  ledger.remember(inventory({ images: [{ ...web(), lastTaggedAt: again }] }));
  expect(memory()).toEqual({ firstSeenAt: NOW, lastTaggedAt: again });

  ledger.remember(inventory({ images: [{ ...web(), lastTaggedAt: NOW + days(1) }] }));
  ledger.remember(inventory({ images: [{ ...web(), lastTaggedAt: now + 1 }] }));
  expect(memory()).toEqual({ firstSeenAt: NOW, lastTaggedAt: again });

  ledger.rememberTag({ id: WEB }, now);
  expect(memory()).toEqual({ firstSeenAt: NOW, lastTaggedAt: now });
  ledger.close();
});

test("a container is sick since it was first seen so, until it is seen healthy: a restart alone does not count", () => {
  const ledger = open();
  const since = () =>
    ledger.annotate(inventory({ containers: [app("unhealthy")] })).containers[0]?.health.unhealthySince;

  ledger.remember(inventory({ containers: [app("unhealthy")] }));
  now += 60_000;
  ledger.remember(inventory({ containers: [app("starting")] }));
  ledger.remember(inventory({ containers: [app("unhealthy")] }));
  expect(since()).toBe(NOW);

  ledger.remember(inventory({ containers: [app("healthy")] }));
  expect(since()).toBeUndefined();
  ledger.close();
});

test("owners come from labels, then from the map", () => {
  const ledger = open();
  const seen = inventory({
    images: [web(), plainImage({ id: fakeImageId("db"), tags: ["acme/db:1"], labels: { team: "data" } })],
  });

  const { images } = ledger.annotate(seen, { labels: ["team"], map: { shop: { match: ["web:*"] } } });

  expect(images.map(({ owner }) => owner)).toEqual(["shop", "data"]);
  ledger.close();
});

const verdict: Verdict = {
  target: { type: "image", id: WEB, name: "web:1" },
  decision: "remove",
  reason: { why: "unused" },
};
const outcome = (status: StepOutcome["status"]): StepOutcome => ({
  target: verdict.target,
  decision: "remove",
  status,
  startedAt: NOW,
  finishedAt: NOW,
});

test("limits per day count what was done, what a crash left open, and not what was skipped or is older", () => {
  const ledger = open();
  ledger.journal.beginRun({ runId: RUN, kind: "prune", ruleKey: "lab/cache", at: now });
  for (const [position, status] of (["done", "skipped", "failed", undefined] as const).entries()) {
    ledger.journal.beginStep({ runId: RUN, position, verdict, at: now });
    if (status !== undefined) ledger.journal.endStep({ runId: RUN, position }, outcome(status));
  }
  ledger.close();

  const reopened = open();
  expect(reopened.asLedger().lastDay.images).toBe(2);
  now += days(1);
  expect(reopened.asLedger().lastDay.images).toBe(0);
  reopened.close();
});

test("a run that is over stays to be reported until it was, and an open one stays open", () => {
  const ledger = open();
  ledger.journal.beginRun({ runId: RUN, kind: "prune", ruleKey: "lab/cache", at: now });
  expect(ledger.journal.openRuns()).toHaveLength(1);

  ledger.journal.endRun({
    kind: "run-finished",
    runId: RUN,
    action: "prune",
    at: now,
    ended: "finished",
    outcome: { steps: [] },
  });
  expect(ledger.journal.openRuns()).toEqual([]);
  expect(ledger.journal.unreported().map(({ runId }) => runId)).toEqual([RUN]);

  ledger.journal.markReported(RUN);
  expect(ledger.journal.unreported()).toEqual([]);
  ledger.close();
});

test("of a volume's restore points planners see the newest in each repository", () => {
  const ledger = open();
  const point = (id: string, repository: string, at: number) => ({
    id,
    repository,
    dataset: "volume:data",
    at,
    bytes: 1,
    files: 1,
  });
  ledger.restorePoints.add(point("aaaaaaaa", "local", NOW - 2));
  ledger.restorePoints.add(point("bbbbbbbb", "local", NOW - 1));
  ledger.restorePoints.add(point("cccccccc", "offsite", NOW - 3));

  expect(ledger.asLedger().restorePoints.map(({ id }) => id)).toEqual(["bbbbbbbb", "cccccccc"]);
  ledger.restorePoints.replace("local", [], NOW);
  expect(ledger.asLedger().restorePoints.map(({ id }) => id)).toEqual(["cccccccc"]);
  ledger.close();
});

test("what a container ran before is remembered by its identity, the latest first, for as long as it is about", () => {
  const ledger = open();
  const web = (version: string, facts = {}) =>
    plainContainer({
      id: fakeContainerId(`web ${version}`),
      name: "web",
      imageId: fakeImageId(version),
      ...facts,
    });
  const look = (...containers: ReturnType<typeof web>[]) => {
    ledger.remember(inventory({ containers }));
    now += days(1);
    return ledger
      .asLedger()
      .pastImages.get("name:web")
      ?.map(({ imageId }) => imageId);
  };

  look(web("1"));
  look(web("2"));
  const thrice = look(web("3", { state: "created" }));
  const back = look(web("1", { state: "exited" }));
  now += days(14);
  const gone = look();
  ledger.close();

  expect(thrice).toEqual([fakeImageId("2"), fakeImageId("1")]);
  expect(back).toEqual([fakeImageId("1"), fakeImageId("2")]);
  expect(gone).toBeUndefined();
});

test("a rule's day counts its own steps with their bytes, also those that a crash cut off", () => {
  const ledger = open();
  ledger.journal.beginRun({ runId: RUN, kind: "prune", ruleKey: "lab/cache", at: now });
  const sized = { ...verdict, bytes: 7 };
  for (const position of [0, 1]) ledger.journal.beginStep({ runId: RUN, position, verdict: sized, at: now });
  ledger.journal.endStep({ runId: RUN, position: 0 }, outcome("skipped"));
  ledger.close();

  const reopened = open();
  const today = reopened.asLedger().ruleDays;
  now += days(1);
  const tomorrow = reopened.asLedger().ruleDays;
  reopened.close();

  expect(today).toEqual(new Map([["lab/cache", { items: 1, bytes: 7 }]]));
  expect(tomorrow).toEqual(new Map());
});

test("a volume is orphaned since the first look without a container, and a use in between counts anew", () => {
  const ledger = open();
  const data = plainVolume("data");
  const mounts = [{ type: "volume" as const, volume: "data", source: "", destination: "/", readOnly: false }];
  const user = plainContainer({ id: APP, name: "app", imageId: WEB, state: "exited", mounts });
  const look = (content: Partial<Inventory>) => {
    now += days(1);
    ledger.remember(inventory({ volumes: [data], ...content }));
    return ledger.asLedger().orphans.volumes.get("data");
  };

  expect(look({ containers: [user] })).toBeUndefined();
  expect(look({ gaps: [{ section: "containers", error: "timeout" }] })).toBeUndefined();
  const since = look({});
  expect(since).toBe(now);
  expect(look({})).toBe(since);
  ledger.rememberNeed("volumes", "data", now + 5);
  expect(look({})).toBe((since ?? 0) + days(1) + 5);
  expect(look({ containers: [user] })).toBeUndefined();
  look({});
  expect(look({ volumes: [] })).toBeUndefined();
  ledger.close();
});

test("a restore point is verified once its repository listed it", () => {
  const ledger = open();
  const point = { id: "aaaaaaaa", repository: "local", dataset: "volume:data", at: NOW, bytes: 1, files: 1 };

  ledger.restorePoints.add(point);
  expect(ledger.restorePoints.all()[0]).not.toHaveProperty("verifiedAt");
  ledger.restorePoints.replace("local", [point], NOW + 1);
  expect(ledger.restorePoints.all()[0]?.verifiedAt).toBe(NOW + 1);
  ledger.close();
});

test("of each rung the newest proof that passed and the newest that failed are remembered", () => {
  const proof = { level: "structure", repository: "local" } as const;
  const ledger = openLedger(":memory:", () => NOW);
  ledger.proofs.put({ ...proof, at: NOW - 3, passed: true });
  ledger.proofs.put({ ...proof, at: NOW - 1, passed: true });
  ledger.proofs.put({ ...proof, at: NOW - 2, passed: true });
  ledger.proofs.put({ ...proof, at: NOW - 2, passed: false, message: "pack is damaged" });
  expect(ledger.asLedger().proofs).toEqual([
    { ...proof, at: NOW - 2, passed: false, message: "pack is damaged" },
    { ...proof, at: NOW - 1, passed: true },
  ]);
  ledger.close();
});
