import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { startRecordingProxy } from "./agent-lab/recording-proxy.ts";

const DOOMED = fileURLToPath(new URL("agent-lab/doomed-agent.ts", import.meta.url));
const IDLE_POLICY = `
policy: lab
hosts: { environment: lab }
rules: []
`;

let fleet: Fleet;
let host: LabHost;
let stateDir: string;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "crash" });
  host = fleet.host("crash-1");
});
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "shipkeeper-crash-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));
afterAll(() => fleet.stop());

/** An agent of its own process that kills itself right before or right after its first change of the host, or that of a kind. */
async function dieAtFirstChange(when: "before" | "after", rule: string, at?: string): Promise<void> {
  const doomed = spawn(process.execPath, [DOOMED], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ENGINE: host.socketPath,
      STATE_DIR: stateDir,
      WHEN: when,
      RULE: rule,
      ...(at !== undefined && { AT: at }),
    },
  });
  await once(doomed, "exit");
  expect(doomed.signalCode).toBe("SIGKILL");
}

/** What the next life of the agent tells of the run, and every request of it that changed something. */
async function nextLife() {
  const proxy = await startRecordingProxy(host.socketPath, join(fleet.folder, "proxy.sock"));
  const agent = await keepHostInTest(host, { policy: IDLE_POLICY, stateDir, socketPath: proxy.socketPath });
  const run = await waitUntil(() => agent.ofKind("run-finished")[0], {
    what: "a settled run",
    deadlineMs: 10_000,
  });
  const { lastDay: today, expiries } = agent.ledger.asLedger();
  await agent.stop();
  await proxy.stop();
  return {
    run,
    today,
    expiries,
    changes: proxy.requests.filter((request) => !/^(?:GET|HEAD) /.test(request)),
  };
}

const PRUNE = "{ prune: ended, mode: enforce, every: 1s, containers: { exitedFor: 1s } }";
const EXPIRE =
  "{ expire: old, mode: enforce, every: 1s, select: { containers: [old] }, olderThan: 1s, announce: 1s }";
const RESTART = "{ restart: sick, mode: enforce, after: 1s }";

async function endedContainer(name: string) {
  await loadImages(host, [forgeImage({ tags: ["acme/app:1"], layers: [busyboxLayer()] })]);
  return runContainer(host, { image: "acme/app:1", name, behaves: { kind: "exited", code: 0 } });
}

test("killed after a removal and before its outcome, the next start finds it done", async () => {
  await endedContainer("removed");

  await dieAtFirstChange("after", PRUNE);
  const { run, changes, today } = await nextLife();

  expect(run).toMatchObject({ ended: "reconciled", action: "prune" });
  expect(run.outcome.steps).toMatchObject([
    { status: "done", why: "found-gone", target: { name: "removed" } },
  ]);
  expect(changes).toEqual([]);
  expect(today.containers).toBe(1);
});

test("killed between an intent and its removal, the next start tells so and does not repeat it", async () => {
  const container = await endedContainer("spared");

  await dieAtFirstChange("before", PRUNE);
  const { run, changes } = await nextLife();

  expect(run.outcome.steps).toMatchObject([
    { status: "skipped", why: "cut-off", target: { name: "spared" } },
  ]);
  expect(changes).toEqual([]);
  expect(await container.state()).toBe("exited");
  await container.handle.remove();
});

async function sickContainer(name: string) {
  await loadImages(host, [forgeImage({ tags: ["acme/app:1"], layers: [busyboxLayer()] })]);
  return runContainer(host, {
    image: "acme/app:1",
    name,
    behaves: { kind: "never-healthy" },
    healthIntervalMs: 200,
  });
}

test("killed after a restart, the try counts and the container is not restarted again", async () => {
  const sick = await sickContainer("sick");

  await dieAtFirstChange("after", RESTART, "start");
  const startedAt = (await sick.handle.inspect()).State.StartedAt;
  const { run, changes, today } = await nextLife();

  expect(run.outcome.steps).toMatchObject([
    { status: "done", why: "found-restarted", target: { name: "sick" } },
  ]);
  expect(changes).toEqual([]);
  expect((await sick.handle.inspect()).State.StartedAt).toBe(startedAt);
  expect(today.restarts).toBe(1);
  await sick.handle.remove({ force: true });
});

test("killed between its stop and its start, the container runs again after the agent's next start", async () => {
  const sick = await sickContainer("halfway");

  await dieAtFirstChange("after", RESTART);
  expect(await sick.state()).toBe("exited");
  const { run, changes, today } = await nextLife();

  expect(run.outcome.steps).toMatchObject([
    { status: "done", why: "started-again", target: { name: "halfway" } },
  ]);
  expect(changes).toEqual([expect.stringMatching(new RegExp(`^POST .*/containers/${sick.id}/start\\?$`))]);
  expect(await sick.state()).toBe("running");
  expect(today.restarts).toBe(1);
  await sick.handle.remove({ force: true });
});

test("killed between the intent and a stop, the next start leaves it running, and announced as it was", async () => {
  const old = await runContainer(host, { image: "acme/app:1", name: "old" });

  await dieAtFirstChange("before", EXPIRE);
  const { run, changes, expiries } = await nextLife();

  expect(run.outcome.steps).toMatchObject([
    { decision: "stop", status: "skipped", why: "cut-off", target: { name: "old" } },
  ]);
  expect(changes).toEqual([]);
  expect(await old.state()).toBe("running");
  expect(expiries).toMatchObject([{ rule: "lab/old", containerId: old.id }]);
  expect(expiries[0]?.stopped).toBeUndefined();
});

test("killed after a stop, the next start finds it done, knows it as its own and does not repeat it", async () => {
  const old = host.engine.getContainer("old");

  await dieAtFirstChange("after", EXPIRE);
  const finishedAt = Date.parse((await old.inspect()).State.FinishedAt);
  const { run, changes, today, expiries } = await nextLife();

  expect(run.outcome.steps).toMatchObject([
    { decision: "stop", status: "done", why: "found-stopped", facts: { exitCode: 0, killed: false } },
  ]);
  expect(changes).toEqual([]);
  expect(today.containers).toBe(1);
  expect(expiries).toMatchObject([{ rule: "lab/old", stopped: { finishedAt } }]);
});
