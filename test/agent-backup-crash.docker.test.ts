/** Whatever is killed in the middle of a backup: nothing stands still afterwards, nothing is called good, and the next run works. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitUntil } from "@shipkeeper/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { HOST_ID } from "./agent-lab/keep-host.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { startStillWorld, stillPolicy, stillRule, type StillWorld } from "./agent-lab/still-world.ts";

const DOOMED = fileURLToPath(new URL("agent-lab/doomed-agent.ts", import.meta.url));
/** After the agent, or the engine, is back. */
const MOST_STANDSTILL_MS = 30_000;

let world: StillWorld;
let stateDir: string;
beforeAll(async () => {
  world = await startStillWorld("cutoff");
});
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "shipkeeper-cutoff-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));
afterAll(() => world.stop());

/** An agent of its own process that backs up at once, and may kill itself at a change of the host. */
function doomedAgent(
  how: string,
  repository: string,
  when: Record<string, string> = { AT: "nothing" },
): ChildProcess {
  const env = {
    ...process.env,
    ENGINE: world.host.socketPath,
    STATE_DIR: stateDir,
    RULE: stillRule(`consistency: ${how}, to: [${repository}]`),
    REPOSITORIES: JSON.stringify(world.repositories),
    ...when,
  };
  const agent = spawn(process.execPath, [DOOMED], { stdio: ["ignore", "inherit", "inherit"], env });
  onTestFinished(() => void agent.kill("SIGKILL"));
  return agent;
}

const asBefore = ["running", "running"];

/** How long containers stood still after the agent began again, and how its next backup ended. */
async function nextLife(how: string, repository: string) {
  const { host, repositories, states } = world;
  const idle = await keepHostInTest(host, {
    policy: "{ policy: lab, hosts: { environment: lab }, rules: [] }",
    repositories,
    stateDir,
  });
  const begunAt = Date.now();
  await waitUntil(async () => String(await states()) === String(asBefore), {
    what: "both containers to run",
    deadlineMs: MOST_STANDSTILL_MS,
  });
  const standstillMs = Date.now() - begunAt;
  const [settled] = await waitUntil(
    () => (idle.ledger.journal.openRuns().length === 0 ? idle.ofKind("run-finished") : undefined),
    {
      what: "the run to be settled",
      deadlineMs: 60_000,
    },
  );
  await idle.stop();
  const policy = stillPolicy(`consistency: ${how}, to: [${repository}]`);
  const agent = await keepHostInTest(host, { policy, repositories });
  const [run] = await agent.finished("backup");
  await agent.stop();
  return { standstillMs, settled: settled?.outcome.steps, next: run!.outcome.steps };
}

async function pointsOf(repository: string): Promise<string[]> {
  return (await world.restic.snapshots(repository, { hostId: HOST_ID })).map(({ id }) => id);
}

test.for([
  { how: "stop", at: "stop", when: "before", what: "after the journal and before the stop" },
  { how: "stop", at: "stop", when: "after", what: "after the first stop" },
  { how: "stop", at: "start", when: "before", what: "before the start" },
  { how: "pause", at: "pause", when: "after", what: "after the first pause" },
  { how: "pause", at: "unpause", when: "before", what: "before the end of the pause" },
])("$how, an agent killed $what", async ({ how, at, when }) => {
  const agent = doomedAgent(how, "local", { AT: at, WHEN: when });
  await once(agent, "exit");
  expect(agent.signalCode).toBe("SIGKILL");
  const before = await pointsOf("local");

  const { standstillMs, settled, next } = await nextLife(how, "local");

  expect(standstillMs).toBeLessThan(MOST_STANDSTILL_MS);
  expect(settled?.map(({ status }) => status)).not.toContain("done");
  expect(next).toMatchObject([{ status: "done" }]);
  expect(await pointsOf("local")).toContain(next[0]?.facts?.["restorePoint"]);
  // What the killed one left counts for nothing.
  expect((await pointsOf("local")).filter((id) => !before.includes(id))).toHaveLength(1);
  expect(await world.states()).toEqual(asBefore);
});

/** A backup whose restic is at work now, slowly, while containers stand still. */
async function inRestic(how: string): Promise<{ agent: ChildProcess; restic: number }> {
  const agent = doomedAgent(how, "slow");
  const restic = await waitUntil(() => resticOf(agent.pid!), { what: "restic to read", deadlineMs: 30_000 });
  return { agent, restic };
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      return Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]) === pid ? [Number(name)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

function resticOf(pid: number): number | undefined {
  return childrenOf(pid).find((child) =>
    readFileSync(`/proc/${child}/cmdline`, "utf8").includes("backup\0--json"),
  );
}

test.for(["stop", "pause"])("%s, an agent killed while restic reads", async (how) => {
  const { agent } = await inRestic(how);
  agent.kill("SIGKILL");
  await once(agent, "exit");
  expect(await world.states()).not.toEqual(asBefore);

  const { standstillMs, settled, next } = await nextLife(how, "local");

  expect(standstillMs).toBeLessThan(MOST_STANDSTILL_MS);
  expect(settled).toMatchObject([{ status: "skipped", why: "cut-off" }]);
  expect(next).toMatchObject([{ status: "done" }]);
  expect(await pointsOf("slow")).toEqual([]);
});

test("restic killed while it reads: containers run on, the step fails, the repository is not locked for the next one", async () => {
  const { agent, restic } = await inRestic("stop");
  process.kill(restic, "SIGKILL");
  const begunAt = Date.now();
  await waitUntil(async () => String(await world.states()) === String(asBefore), {
    what: "both containers to run",
    deadlineMs: MOST_STANDSTILL_MS,
  });
  expect(Date.now() - begunAt).toBeLessThan(MOST_STANDSTILL_MS);
  agent.kill("SIGTERM");
  await once(agent, "exit");
  const { limitUploadBytesPerS: _, ...fast } = world.repositories["slow"]!;

  const policy = stillPolicy("consistency: stop, to: [slow]");
  const next = await keepHostInTest(world.host, { policy, repositories: { slow: fast } });
  const [run] = await next.finished("backup");

  expect(run?.outcome.steps).toMatchObject([{ status: "done" }]);
  expect(await pointsOf("slow")).toEqual([run?.outcome.steps[0]?.facts?.["restorePoint"]]);
});

test.for(["stop", "pause"])("%s, an engine killed while restic reads, and back again", async (how) => {
  const { agent } = await inRestic(how);
  await world.host.kill9();
  await world.host.restart();
  const backAt = Date.now();

  await waitUntil(async () => String(await world.states()) === String(asBefore), {
    what: "both containers to run",
    deadlineMs: 45_000,
  });

  // restic reads on for some ten seconds meanwhile.
  expect(Date.now() - backAt).toBeLessThan(MOST_STANDSTILL_MS);
  agent.kill("SIGTERM");
  await once(agent, "exit");
});
