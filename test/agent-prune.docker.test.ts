import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DAY_MS } from "@shipkeeper/kit";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
  type Fleet,
  type LabHost,
} from "@shipkeeper/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { startRecordingProxy } from "./agent-lab/recording-proxy.ts";

/** The agent's clock runs ahead, so that what it saw first a moment ago is unused for days. */
const laterBy = (ms: number) => {
  let offsetMs = 0;
  return { now: () => Date.now() + offsetMs, pass: (to = ms) => (offsetMs = to) };
};

const policy = (mode: string) => `
policy: lab
hosts: { environment: lab }
rules:
  - prune: host-cache
    mode: ${mode}
    every: 1s
    images: { unusedFor: 7d, except: ["acme/base:*"] }
    containers: { exitedFor: 3d }
`;

let fleet: Fleet;
let host: LabHost;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "prune" });
  host = fleet.host("prune-1");
});
afterAll(() => fleet.stop());

/** Tag → whether the host has it still. */
async function tagsLeft(): Promise<string[]> {
  const images = await host.engine.listImages();
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).sort();
}

const image = (tag: string, ...more: string[]) =>
  forgeImage({
    tags: [tag, ...more],
    layers: [busyboxLayer()],
    workdir: `/${tag}`,
    createdAt: "2020-01-01T00:00:00Z",
  });

async function fill(): Promise<void> {
  await loadImages(host, [
    image("acme/used:1"),
    image("acme/ended:1"),
    image("acme/base:1"),
    image("acme/precious:1"),
    image("acme/old:1", "acme/old:also", "other/name:1"),
    image("acme/old:2"),
  ]);
  await runContainer(host, { image: "acme/used:1", name: "used" });
  await runContainer(host, { image: "acme/ended:1", name: "ended", behaves: { kind: "exited", code: 0 } });
}

test("in observe mode not one request that could change anything reaches the engine", async () => {
  await fill();
  const clock = laterBy(30 * DAY_MS);
  const proxy = await startRecordingProxy(host.socketPath, join(fleet.folder, "proxy.sock"));
  const agent = await keepHostInTest(host, {
    policy: policy("observe"),
    socketPath: proxy.socketPath,
    now: clock.now,
  });
  await waitUntil(() => agent.observer.current(), { what: "a first look", deadlineMs: 10_000 });
  clock.pass();

  const round = await waitUntil(
    () =>
      agent
        .ofKind("round")
        .find(({ round }) =>
          round.planned.some(({ verdicts }) => verdicts.some((v) => v.decision === "remove")),
        ),
    { what: "a round that would remove something", deadlineMs: 20_000 },
  );
  await agent.stop();
  await proxy.stop();

  const wouldRemove = round.round.planned[0]?.verdicts
    .filter(({ decision }) => decision === "remove")
    .map(({ target }) => target.name);
  expect(wouldRemove).toEqual(expect.arrayContaining(["ended", "acme/old:2"]));
  expect(agent.ofKind("run-started")).toEqual([]);
  expect(proxy.requests.length).toBeGreaterThan(10);
  expect(proxy.requests.filter((request) => !/^(?:GET|HEAD) /.test(request))).toEqual([]);
  expect(await tagsLeft()).toHaveLength(8);
});

test("removes exactly what was planned, by every name, and keeps what is used, excepted or never to be touched", async () => {
  const clock = laterBy(30 * DAY_MS);
  const agent = await keepHostInTest(host, {
    policy: policy("enforce"),
    guardrails: `neverTouch: { images: ["acme/precious:*"] }`,
    now: clock.now,
  });
  await waitUntil(() => agent.observer.current(), { what: "a first look", deadlineMs: 10_000 });
  clock.pass();

  // The image of the ended container is in use until that container is gone: the next round takes it.
  const runs = await agent.finished("prune", 1);
  const planned = agent
    .ofKind("round")
    .flatMap(({ round }) => round.planned.flatMap(({ verdicts }) => verdicts));
  await agent.stop();

  const steps = runs.flatMap(({ outcome }) =>
    outcome.steps.map(({ target, status }) => `${status}: ${target.name}`),
  );
  expect(steps.sort()).toEqual(["done: acme/old:1", "done: acme/old:2", "done: ended"].sort());
  expect(
    planned.filter(({ target }) => target.name === "acme/precious:1").map(({ reason }) => reason.why),
  ).toContain("never-touch");
  expect(await tagsLeft()).toEqual(["acme/base:1", "acme/ended:1", "acme/precious:1", "acme/used:1"]);
  const containers = await host.engine.listContainers({ all: true });
  expect(containers.map(({ Names }) => Names[0])).toEqual(["/used"]);
  expect(runs[0]?.ended).toBe("finished");
  expect(runs[0]?.outcome.freedBytes).toBeTypeOf("number");
});

test("after the stop file appears nothing is started", async () => {
  const clock = laterBy(90 * DAY_MS);
  const stopFile = join(fleet.folder, "STOP");
  writeFileSync(stopFile, "");
  const agent = await keepHostInTest(host, {
    policy: policy("enforce"),
    guardrails: `stopFile: ${stopFile}`,
    now: clock.now,
  });
  await waitUntil(() => agent.observer.current(), { what: "a first look", deadlineMs: 10_000 });
  clock.pass();

  const held = await waitUntil(
    () =>
      agent
        .ofKind("round")
        .flatMap(({ round }) => round.planned)
        .find(({ heldBackBy }) => heldBackBy !== undefined),
    { what: "a round that is held back", deadlineMs: 20_000 },
  );
  await agent.stop();

  expect(held.mode).toBe("observe");
  expect(held.heldBackBy).toBe(`stop file ${stopFile}`);
  expect(agent.ofKind("run-started")).toEqual([]);
  expect(await tagsLeft()).toContain("acme/ended:1");
});

test("an agent that lost its memory removes nothing until it has watched for as long as the rule says", async () => {
  await loadImages(host, [image("acme/forgotten:1")]);
  const clock = laterBy(90 * DAY_MS);
  clock.pass();
  const agent = await keepHostInTest(host, { policy: policy("enforce"), now: clock.now });

  const verdictSaid = (why: string) =>
    waitUntil(
      () =>
        agent
          .ofKind("round")
          .flatMap(({ round }) => round.planned.flatMap(({ verdicts }) => verdicts))
          .find(({ target, reason }) => target.name === "acme/forgotten:1" && reason.why === why),
      { what: `acme/forgotten:1 to be kept as ${why}`, deadlineMs: 20_000 },
    );

  await verdictSaid("just-arrived");
  clock.pass(96 * DAY_MS);
  await verdictSaid("used-recently");
  expect(agent.ofKind("run-started")).toEqual([]);
  clock.pass(98 * DAY_MS);
  const [run] = await agent.finished("prune", 1);
  await agent.stop();

  expect(run?.outcome.steps.map(({ target }) => target.name)).toContain("acme/forgotten:1");
});
