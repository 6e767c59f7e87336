import { days, HOUR_MS } from "@shipkeeper/kit";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
  type ContainerSpec,
  type Fleet,
  type LabHost,
} from "@shipkeeper/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

const POLICY = `
policy: lab
hosts: { environment: lab }
owners: { labels: [owner] }
rules:
  - expire: batch
    mode: enforce
    every: 1s
    select: { labels: { tier: batch } }
    olderThan: 30d
    announce: 3d
    removeAfter: 7d
`;

let fleet: Fleet;
let host: LabHost;
/** How far the agent's clock is ahead of the engine's: containers of a moment ago are as old as that. */
let aheadMs: number;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "expire" });
  host = fleet.host("expire-1");
  const images = ["acme/app:1", "postgres:15"].map((tag) =>
    forgeImage({ tags: [tag], layers: [busyboxLayer()], labels: { tag } }),
  );
  await loadImages(host, images);
});
beforeEach(() => {
  aheadMs = 0;
});
afterEach(async () => {
  const left = await host.engine.listContainers({ all: true });
  await Promise.all(left.map(({ Id }) => host.engine.getContainer(Id).remove({ force: true })));
});
afterAll(() => fleet.stop());

const run = (name: string, spec: Partial<ContainerSpec> = {}) =>
  runContainer(host, { image: "acme/app:1", name, ...spec, labels: { tier: "batch", owner: "payments" } });

async function keep() {
  const agent = await keepHostInTest(host, { policy: POLICY, now: () => Date.now() + aheadMs });

  const announcements = () => agent.ofKind("event").filter(({ what }) => what === "expiry-announced");
  const steps = (decision: string) =>
    agent
      .ofKind("run-finished")
      .flatMap(({ outcome }) => outcome.steps)
      .filter((step) => step.decision === decision);
  /** The newest verdict on a container that was told. */
  const verdictOn = (id: string) =>
    agent
      .ofKind("round")
      .flatMap(({ round }) => round.planned)
      .flatMap(({ verdicts }) => verdicts)
      .findLast(({ target }) => target.id === id);
  const soon = <T>(what: string, condition: () => T | undefined | false) =>
    waitUntil(condition, { what, deadlineMs: 20_000 });
  return {
    announcements,
    steps,
    verdictOn,
    announced: (count: number) =>
      soon(`${count} announcements`, () => announcements().length >= count && announcements()),
    taken: (decision: string, count = 1) =>
      soon(`${count} steps ${decision}`, () => steps(decision).length >= count && steps(decision)),
    judged: (id: string, why: string) => soon(`a verdict ${why}`, () => verdictOn(id)?.reason.why === why),
  };
}

test("a container is announced, stopped at its end and not before, kept, and removed without its volumes", async () => {
  const report = await run("report", {
    mounts: [{ volume: "reports", target: "/out" }, { anonymousAt: "/tmp" }],
  });
  const young = await run("young");
  const volumesBefore = (await host.engine.listVolumes()).Volumes.map(({ Name }) => Name).sort();
  const agent = await keep();
  await agent.judged(report.id, "young");

  aheadMs = days(28);
  const [notice] = await agent.announced(2);
  aheadMs = days(30) + HOUR_MS;
  await agent.judged(report.id, "announced");
  expect(await report.state()).toBe("running");

  await young.handle.restart({ t: 0 });
  aheadMs = days(31) + HOUR_MS;
  const [stop] = await agent.taken("stop");
  await agent.judged(report.id, "kept-stopped");
  expect(await report.state()).toBe("exited");

  aheadMs = days(38) + 2 * HOUR_MS;
  const [removal] = await agent.taken("remove");

  expect(notice?.facts).toMatchObject({ rule: "lab/batch", owner: "payments" });
  expect(Number(notice?.facts["until"]) - Date.now()).toBeGreaterThan(days(31) - HOUR_MS);
  expect(stop).toMatchObject({
    target: { name: "report" },
    status: "done",
    facts: { exitCode: 0, killed: false },
  });
  expect(removal).toMatchObject({ target: { name: "report" }, status: "done" });
  expect((await host.engine.listContainers({ all: true })).map(({ Names }) => Names[0])).toEqual(["/young"]);
  expect((await host.engine.listVolumes()).Volumes.map(({ Name }) => Name).sort()).toEqual(volumesBefore);
});

test("a process that ignores the request is killed when its own stop timeout has passed, and that is told", async () => {
  await run("deaf", {
    command: ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
    stopTimeoutSeconds: 1,
  });
  const agent = await keep();

  aheadMs = days(31);
  await agent.announced(1);
  aheadMs = days(35);
  const [stop] = await agent.taken("stop");

  expect(stop).toMatchObject({ status: "done", facts: { exitCode: 137, killed: true } });
  expect((stop?.finishedAt ?? 0) - (stop?.startedAt ?? 0)).toBeLessThan(8_000);
});

test("databases, stacks, what always starts again and what lends its network are refused", async () => {
  const lender = await run("lender");
  const refused = {
    database: await run("database", { image: "postgres:15" }),
    orchestrated: await run("stack", { compose: { project: "shop", service: "web" } }),
    "restart-always": await run("always", { restart: "always" }),
    guest: lender,
  };
  await run("guest", { networkMode: `container:${lender.id}`, restart: "unless-stopped" });
  const agent = await keep();

  aheadMs = days(40);
  const announced = await agent.announced(1);

  expect(announced.map(({ subject }) => subject?.name)).toEqual(["guest"]);
  for (const [why, { id }] of Object.entries(refused)) {
    expect(agent.verdictOn(id)).toMatchObject({ decision: "refuse", reason: { why } });
  }
});

test("a container that was made anew under the same name is not stopped for what the first one was told", async () => {
  const first = await run("job");
  const agent = await keep();

  aheadMs = days(28);
  await agent.announced(1);
  await first.handle.remove({ force: true });
  const second = await run("job");
  aheadMs = days(32);
  const [, again] = await agent.announced(2);

  expect(again?.subject).toMatchObject({ id: second.id, name: "job" });
  expect(agent.steps("stop")).toEqual([]);
  expect(await second.state()).toBe("running");
});

test("what somebody starts again after its end is left running, and announced anew", async () => {
  const wanted = await run("wanted");
  const agent = await keep();

  aheadMs = days(31);
  await agent.announced(1);
  aheadMs = days(35);
  await agent.taken("stop");
  await wanted.handle.start();
  await agent.announced(2);

  expect(await wanted.state()).toBe("running");
  expect(agent.steps("stop")).toHaveLength(1);
  expect(agent.steps("remove")).toEqual([]);
});
