/**
 * A bad policy meets the canary and nobody else: real engines, built programs, and an operator who pushes it. The rollout
 * halts by itself, the canary only observes, and the operator reads why.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  startSpine,
  waitUntil,
  type Fleet,
  type Spine,
} from "@shipkeeper/lab";
import {
  apiPolicyDetailSchema,
  fleetReportSchema,
  hostsPageSchema,
  roundsPageSchema,
  type ApiRollout,
} from "@shipkeeper/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imagesOn } from "./e2e/ask-engine.ts";

const WAIT_MS = 90_000;
const IMAGES = 12;
const OTHERS = ["other-1", "other-2"];

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-rollout-"));
let fleet: Fleet;
let spine: Spine;

beforeAll(async () => {
  fleet = await startFleet({ hosts: ["canary", ...OTHERS] });
  const names = ["patient:1", ...Array.from({ length: IMAGES - 1 }, (_, index) => `junk:${index}`)];
  const images = names.map((tag, index) =>
    forgeImage({ tags: [tag], layers: [busyboxLayer()], workdir: `/${index}` }),
  );
  await Promise.all(fleet.hosts.map((host) => loadImages(host, images)));
  spine = await startSpine({
    fleet,
    folder,
    labelsOf: ({ name }) => ({ test: "rollout", ...(name === "canary" ? { ring: "canary" } : {}) }),
  });
  await Promise.all(fleet.hosts.map((host) => spine.addAgent(host)));
  await untilEvery((host) => host.state === "online", "every host to be there");
  await push("[]", "--at-once");
  await waitUntil(async () => (await rollout(1)).state === "done", {
    what: "the first revision to be everywhere",
    deadlineMs: WAIT_MS,
    everyMs: 250,
  });
});

afterAll(async () => {
  await spine?.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function push(rules: string, ...options: string[]): Promise<void> {
  const policies = join(folder, "policies");
  mkdirSync(policies, { recursive: true });
  const rollout = "{ rings: [canary, all], bake: 20s, halt: { failedRuns: 100% } }";
  const policy = `{ policy: tidy, hosts: { test: rollout }, mode: enforce, rollout: ${rollout}, rules: ${rules} }`;
  writeFileSync(join(policies, "tidy.yaml"), policy);
  await spine.shipkeeper("policy", "push", policies, "--key", spine.policyKey, ...options);
}

async function hosts() {
  return hostsPageSchema.parse(await spine.read("/api/v1/hosts")).items;
}

async function untilEvery(
  is: (host: Awaited<ReturnType<typeof hosts>>[number]) => boolean,
  what: string,
): Promise<void> {
  await waitUntil(
    async () => {
      spine.assertRunning();
      const all = await hosts();
      return all.length === fleet.hosts.length && all.every(is);
    },
    { what, deadlineMs: WAIT_MS, everyMs: 250 },
  );
}

async function rollout(revision: number): Promise<ApiRollout> {
  return apiPolicyDetailSchema.parse(await spine.read(`/api/v1/policies/${revision}`)).rollout;
}

async function untilHalted(revision: number): Promise<string[]> {
  return waitUntil(async () => (await rollout(revision)).halted?.reasons, {
    what: `revision ${revision} to halt`,
    deadlineMs: WAIT_MS,
    everyMs: 250,
  });
}

/** Until a round of the canary says why its rule may only look. */
async function untilPaused(revision: number): Promise<void> {
  const words = `rollout of revision ${revision} was halted`;
  await waitUntil(
    async () => {
      const { items } = roundsPageSchema.parse(await spine.read("/api/v1/rounds?host=canary&limit=20"));
      return items.some(({ planned }) => planned.some(({ heldBackBy }) => heldBackBy === words));
    },
    { what: "the canary to be paused", deadlineMs: WAIT_MS, everyMs: 250 },
  );
}

const imagesLeft = async (name: string) => (await imagesOn(fleet.host(name).socketPath)).length;
const held = async () =>
  Object.fromEntries((await hosts()).map(({ hostname, policyRevision }) => [hostname, policyRevision]));

test("a policy that removes more than a fifth of the canary's images stops there, and the canary stops, too", async () => {
  await push(
    "[{ prune: cache, every: 15s, images: { unusedFor: 1s, keepNewest: 0, except: ['patient:*'] }, limits: { items: 4 } }]",
  );

  expect(await untilHalted(2)).toEqual([`canary lost 4 of its ${IMAGES} images (limit 20%)`]);
  await untilPaused(2);
  expect(await imagesLeft("canary")).toBe(IMAGES - 4);
  expect(await Promise.all(OTHERS.map(imagesLeft))).toEqual([IMAGES, IMAGES]);
  expect(await held()).toEqual({ canary: 2, "other-1": 1, "other-2": 1 });
  const status = await spine.shipkeeper("policy", "status", "2");
  expect(status).toContain("by the rollout itself:\n  canary lost 4 of its 12 images (limit 20%)\n");
  const { next } = fleetReportSchema.parse(await spine.read("/api/v1/reports/fleet"));
  expect(next[0]).toMatchObject({ urgency: "now", kind: "rollout-halted" });
});

test("a policy that makes a container fail stops at the canary as well", async () => {
  const patient = await runContainer(fleet.host("canary"), {
    image: "patient:1",
    name: "patient",
    command: ["sh", "-c", "[ -e /started ] && exit 3; touch /started; trap 'exit 0' TERM; sleep 9999 & wait"],
    healthcheck: { test: ["CMD-SHELL", "exit 1"], intervalMs: 500, timeoutMs: 5_000, retries: 1 },
    settle: false,
  });
  await untilEvery(
    ({ hostname, containers }) => hostname !== "canary" || containers.unhealthy === 1,
    "the collector to know that the patient is ill",
  );

  await push("[{ restart: ill, after: 1s }]");

  expect(await untilHalted(3)).toEqual([
    "1 of 1 containers turned unhealthy or failed (limit 5%): patient on canary",
  ]);
  expect(await patient.state()).toBe("exited");
  expect(await held()).toEqual({ canary: 3, "other-1": 1, "other-2": 1 });
});

test("the way back is one command, and ends the pause", async () => {
  await spine.shipkeeper("policy", "rollback", "--key", spine.policyKey);

  await untilEvery((host) => host.policyRevision === 4, "every host to go by the new revision");
  expect((await rollout(2)).state).toBe("halted");
  expect(await Promise.all(OTHERS.map(imagesLeft))).toEqual([IMAGES, IMAGES]);
});
