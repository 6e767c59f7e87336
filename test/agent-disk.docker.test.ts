/** An engine with a small disk of its own: what a plan promises to free is what the disk gains, and a full one is relieved. */
import { randomBytes } from "node:crypto";
import { statfs } from "node:fs/promises";
import { DAY_MS, HOUR_MS } from "@shipkeeper/kit";
import {
  forgeImage,
  loadImages,
  startFleet,
  waitUntil,
  type Fleet,
  type ForgedImage,
  type LabHost,
} from "@shipkeeper/lab";
import { isStep } from "@shipkeeper/policy";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

const DISK_MEGABYTES = 400;
const LAYER_BYTES = 40 * 2 ** 20;

let fleet: Fleet;
let host: LabHost;
let passedMs = 0;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "disk", diskMegabytes: DISK_MEGABYTES });
  host = fleet.host("disk-1");
});
afterEach(() => {
  passedMs = 0;
});
afterAll(() => fleet.stop());

/** Nothing of it can be compressed. */
const layer = () => [{ path: "data", content: randomBytes(LAYER_BYTES) }];
const image = (tag: string, base?: ForgedImage) =>
  forgeImage({ tags: [tag], layers: [layer()], ...(base !== undefined && { base }) });

async function tagsLeft(): Promise<string[]> {
  const images = await host.engine.listImages();
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).sort();
}

async function usedShare(): Promise<number> {
  const { DockerRootDir } = (await host.engine.info()) as { DockerRootDir: string };
  const { blocks, bfree } = await statfs(DockerRootDir);
  return (blocks - bfree) / blocks;
}

async function keep(rules: string) {
  const policy = `{ policy: lab, hosts: { environment: lab }, mode: enforce, rules: [${rules}] }`;
  const agent = await keepHostInTest(host, { policy, now: () => Date.now() + passedMs });
  const untilSeen = (tag: string) =>
    waitUntil(() => agent.observer.current()?.images.some(({ tags }) => tags.includes(tag)), {
      what: `the agent to see ${tag}`,
      deadlineMs: 20_000,
    });
  return { agent, untilSeen };
}

test("the estimate of a plan is what the disk gains: a layer that two images share counts once", async () => {
  const base = image("acme/base:1");
  await loadImages(host, [base, image("acme/web:1", base), image("acme/web:2", base)]);
  const { agent, untilSeen } = await keep(
    "{ prune: all, every: 1h, images: { unusedFor: 7d, except: ['acme/base:*'] } }",
  );
  await untilSeen("acme/web:2");
  passedMs = 8 * DAY_MS;

  const [run] = await agent.finished("prune", 1);
  await agent.stop();
  const planned = agent
    .ofKind("round")
    .flatMap(({ round }) => round.planned.flatMap(({ verdicts }) => verdicts.filter(isStep)));

  expect(await tagsLeft()).toEqual(["acme/base:1"]);
  expect(planned.map(({ bytes }) => bytes)).toEqual([LAYER_BYTES, LAYER_BYTES]);
  const freed = run?.outcome.freedBytes ?? 0;
  expect(freed / (2 * LAYER_BYTES)).toBeGreaterThan(0.98);
  expect(freed / (2 * LAYER_BYTES)).toBeLessThan(1.05);
});

test("a full disk takes the least recently used images, not one more than it needs, and no exception", async () => {
  const { agent, untilSeen } = await keep(
    // Due once a year: what it does on any other day, it does because the disk is full.
    `{ prune: cache, schedule: "0 3 1 1 *", images: { unusedFor: 300d, except: ["acme/base:*"] },
       pressure: { above: 60%, downTo: 50% } }`,
  );
  await loadImages(host, [image("acme/first:1"), image("acme/first:2")]);
  await untilSeen("acme/first:2");
  passedMs = DAY_MS;
  await loadImages(host, [image("acme/second:1"), image("acme/second:2"), image("acme/second:3")]);
  await untilSeen("acme/second:3");
  expect(await usedShare()).toBeGreaterThan(0.6);
  passedMs = DAY_MS + 3 * HOUR_MS;

  const [run] = await agent.finished("prune", 1);
  await agent.stop();

  expect(run?.outcome.steps.map(({ target, status }) => `${status} ${target.name}`).sort()).toEqual([
    "done acme/first:1",
    "done acme/first:2",
  ]);
  expect(await usedShare()).toBeLessThanOrEqual(0.5);
  expect(await tagsLeft()).toEqual(["acme/base:1", "acme/second:1", "acme/second:2", "acme/second:3"]);
});
