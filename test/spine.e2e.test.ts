/**
 * The whole way from a real engine to the collector's store, while things die: what happened is told once, however
 * often it had to be sent, and whoever was killed in between.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  busyboxLayer,
  flakyLink,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  startSpine,
  waitUntil,
  type AgentOnHost,
  type Fleet,
  type FlakyLink,
  type LabHost,
  type Spine,
} from "@shipkeeper/lab";
import {
  apiRunDetailSchema,
  eventsPageSchema,
  hostsPageSchema,
  runsPageSchema,
  type ApiRunDetail,
} from "@shipkeeper/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { containersOn } from "./e2e/ask-engine.ts";

const POLICY = `
policy: tidy
hosts: { test: spine }
mode: enforce
rules:
  - prune: ended
    every: 2s
    containers: { exitedFor: 1s }
`;
const WAIT_MS = 90_000;

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-spine-"));
const policies = join(folder, "policies");
const image = forgeImage({ tags: ["job:1"], layers: [busyboxLayer()] });
let fleet: Fleet;
let spine: Spine;
let link: FlakyLink;
let direct: AgentOnHost;
let behindLink: AgentOnHost;

beforeAll(async () => {
  fleet = await startFleet({ hosts: ["direct", "linked"] });
  await Promise.all(fleet.hosts.map((host) => loadImages(host, [image])));
  spine = await startSpine({ fleet, folder, labelsOf: () => ({ test: "spine" }) });
  const { hostname, port } = new URL(spine.url);
  link = await flakyLink({
    listen: { host: fleet.gateway, port: 0 },
    target: { host: hostname, port: Number(port) },
  });
  direct = await spine.addAgent(fleet.host("direct"));
  behindLink = await spine.addAgent(fleet.host("linked"), `http://${link.address.host}:${link.address.port}`);
  mkdirSync(policies);
  writeFileSync(join(policies, "tidy.yaml"), POLICY);
  await spine.pushPolicy(policies);
  const holdPolicy = async () =>
    (await readHosts()).filter(({ policyRevision }) => policyRevision === 1).length;
  await waitUntil(async () => (await holdPolicy()) === fleet.hosts.length, {
    what: "both hosts to have the policy",
    deadlineMs: WAIT_MS,
  });
});

afterAll(async () => {
  await spine?.stop();
  await link?.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("while the collector is dead hosts go on by their last policy, and afterwards all of it is told once", async () => {
  await spine.collector.kill9();
  const jobs = [
    ...(await runJobs(direct.host, "outage", 8)),
    ...(await runJobs(behindLink.host, "outage", 8)),
  ];
  await untilPruned(jobs);

  await spine.startCollector();

  await untilTold(jobs);
  expect(await timesToldDied(jobs)).toEqual(jobs.map(() => 1));
  expect(await timesRemoved(jobs)).toEqual(jobs.map(() => 1));
  expect((await readHosts()).map(({ missingEntries }) => missingEntries)).toEqual([0, 0]);
});

test("a link that breaks in the middle of batches and swallows receipts loses and doubles nothing", async () => {
  link.resetAfter(700);
  const jobs = await runJobs(behindLink.host, "broken", 4);
  await untilPruned(jobs);
  link.dropReplies(3);
  jobs.push(...(await runJobs(behindLink.host, "swallowed", 4)));
  await untilPruned(jobs);
  await waitUntil(() => link.repliesDropped() >= 2, { what: "swallowed receipts", deadlineMs: WAIT_MS });

  link.heal();

  await untilTold(jobs);
  expect(await timesToldDied(jobs)).toEqual(jobs.map(() => 1));
  expect(await timesRemoved(jobs)).toEqual(jobs.map(() => 1));
});

test("an agent that is killed again and again leaves nothing half done and unreported", async () => {
  const jobs: Job[] = [];
  // Where a kill falls is chance: another dozen, until one has cut a run off.
  for (const dozen of ["first", "second", "third", "fourth", "fifth"]) {
    const mine = await runJobs(direct.host, `killed-${dozen}`, 12);
    jobs.push(...mine);
    for (const left of [11, 8, 4]) {
      await waitUntil(async () => (await stillThere(direct.host, mine)).length <= left, {
        what: `${12 - left} jobs to be removed`,
        deadlineMs: WAIT_MS,
        everyMs: 5,
      });
      await direct.program.kill9();
      direct.start();
    }
    await untilPruned(mine);
    await untilTold(mine);
    if ((await cutOff()) > 0) break;
  }

  expect(await cutOff()).toBeGreaterThan(0);
  expect(await timesRemoved(jobs)).toEqual(jobs.map(() => 1));
  await waitUntil(async () => (await readRuns()).every(({ result }) => result !== "running"), {
    what: "every run to be reported to its end",
    deadlineMs: WAIT_MS,
    everyMs: 500,
  });
});

/** How many runs a kill cut off, as far as the collector knows. */
async function cutOff(): Promise<number> {
  return (await readRuns()).filter(({ ended }) => ended === "reconciled").length;
}

interface Job {
  readonly host: LabHost;
  readonly id: string;
}

/** Containers that end at once. */
async function runJobs(host: LabHost, name: string, count: number): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let number = 1; number <= count; number += 1) {
    const behaves = { kind: "exited", code: number % 2 } as const;
    const { id } = await runContainer(host, { image: "job:1", name: `${name}-${number}`, behaves });
    jobs.push({ host, id });
  }
  return jobs;
}

async function stillThere(host: LabHost, jobs: readonly Job[]): Promise<Job[]> {
  const ids = new Set((await containersOn(host.socketPath)).map(({ Id }) => Id));
  return jobs.filter((job) => job.host === host && ids.has(job.id));
}

async function untilPruned(jobs: readonly Job[]): Promise<void> {
  const hosts = [...new Set(jobs.map(({ host }) => host))];
  await waitUntil(
    async () => {
      const left = await Promise.all(hosts.map((host) => stillThere(host, jobs)));
      return left.flat().length === 0;
    },
    { what: "the jobs to be pruned", deadlineMs: WAIT_MS, everyMs: 250 },
  );
}

/** Until the collector knows of every job that it died and that it was removed. */
async function untilTold(jobs: readonly Job[]): Promise<void> {
  await waitUntil(
    async () => {
      spine.assertRunning();
      const counts = [...(await timesToldDied(jobs)), ...(await timesRemoved(jobs))];
      return counts.every((count) => count > 0);
    },
    { what: "the collector to know everything", deadlineMs: WAIT_MS, everyMs: 500 },
  );
}

async function timesToldDied(jobs: readonly Job[]): Promise<number[]> {
  const page = eventsPageSchema.parse(await spine.read("/api/v1/events?what=container-died&limit=500"));
  return jobs.map(({ id }) => page.items.filter(({ subject }) => subject?.id === id).length);
}

async function timesRemoved(jobs: readonly Job[]): Promise<number[]> {
  const steps = (await readRuns()).flatMap((run) => run.outcome?.steps ?? []);
  return jobs.map(
    ({ id }) => steps.filter(({ target, status }) => target.id === id && status === "done").length,
  );
}

async function readRuns(): Promise<ApiRunDetail[]> {
  const page = runsPageSchema.parse(await spine.read("/api/v1/runs?limit=500"));
  return Promise.all(
    page.items.map(async ({ id }) => apiRunDetailSchema.parse(await spine.read(`/api/v1/runs/${id}`))),
  );
}

async function readHosts() {
  return hostsPageSchema.parse(await spine.read("/api/v1/hosts")).items;
}
