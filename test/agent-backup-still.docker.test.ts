/** Backups while containers stand still, of dumps, and on to a second repository: real engines, real restic. */
import { execFileSync } from "node:child_process";
import { realpathSync, symlinkSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ContainerId } from "@shipkeeper/model";
import { runContainer } from "@shipkeeper/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HOST_ID } from "./agent-lab/keep-host.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { startStillWorld, stillPolicy, type StillWorld } from "./agent-lab/still-world.ts";

let world: StillWorld;
beforeAll(async () => {
  world = await startStillWorld("still");
});
afterAll(() => world.stop());

/** The steps of one run of the rule, and what the engine says of containers since. */
async function backUp(more: string, guardrails?: string, policy = stillPolicy(more)) {
  const since = Date.now();
  const { host, repositories, engine } = world;
  const agent = await keepHostInTest(host, { policy, repositories, ...(guardrails && { guardrails }) });
  const [run] = await agent.finished("backup");
  await agent.stop();
  const told = async (id: ContainerId, action: string) =>
    (await engine.pastEvents({ since, container: id })).filter((event) => event.action === action);
  return { agent, steps: run!.outcome.steps, runId: run!.runId, told };
}

/** What the repository holds of a run. */
async function pointsOf(repository: string, runId: string) {
  const { restic } = world;
  return (await restic.snapshots(repository, { hostId: HOST_ID })).filter(({ tags }) =>
    tags.includes(`run=${runId}`),
  );
}

test.for([
  { how: "stop", begins: "die", ends: "start" },
  { how: "pause", begins: "pause", ends: "unpause" },
])(
  "$how: the data is of when nobody wrote, the downtime is measured, and copies are made afterwards",
  async ({ how, begins, ends }) => {
    const { app, db, states, restic } = world;

    const { steps, runId, told } = await backUp(`consistency: ${how}, to: [local, offsite]`);

    expect(steps.map(({ decision, status, error }) => [decision, status, error])).toEqual([
      ["back-up", "done", undefined],
      ["copy", "done", undefined],
    ]);
    expect(await states()).toEqual(["running", "running"]);
    const times = async (id: ContainerId) => {
      const [[began], [ended]] = await Promise.all([told(id, begins), told(id, ends)]);
      return [began?.at ?? NaN, ended?.at ?? NaN] as const;
    };
    const [[appBegan, appEnded], [dbBegan, dbEnded]] = [await times(app), await times(db)];
    expect(appBegan).toBeLessThanOrEqual(dbBegan);
    expect(dbEnded).toBeLessThanOrEqual(appEnded);
    const [made, copy] = steps;
    const dataAt = Number(made?.facts?.["dataAt"]);
    expect(dataAt).toBeGreaterThanOrEqual(dbBegan);
    expect(dataAt).toBeLessThanOrEqual(dbEnded);
    // The engine announces a death after it was ordered, and a start before it answers.
    const quiesceMs = Number(made?.facts?.["quiesceMs"]);
    expect(quiesceMs).toBeGreaterThanOrEqual(appEnded - appBegan);
    expect(quiesceMs).toBeLessThan(appEnded - appBegan + 3_000);
    expect(made?.facts?.["quiesced"]).toMatch(/^app .+, db .+$/);
    expect(copy?.startedAt).toBeGreaterThanOrEqual(appEnded);
    const [[first], [second]] = [await pointsOf("local", runId), await pointsOf("offsite", runId)];
    expect(second?.at).toBe(first?.at);
    expect(await restic.sizeOf("offsite", [second!.id])).toEqual(await restic.sizeOf("local", [first!.id]));
  },
);

test("a first repository that is broken does not keep the data from the second", async () => {
  const { steps, runId } = await backUp("consistency: pause, to: [broken, offsite]");

  expect(steps.map(({ decision, status }) => [decision, status])).toEqual([
    ["back-up", "failed"],
    ["copy", "done"],
  ]);
  expect(Number(steps[1]?.facts?.["quiesceMs"])).toBeGreaterThan(0);
  expect(await pointsOf("offsite", runId)).toHaveLength(1);
  expect(await world.states()).toEqual(["running", "running"]);
});

test("when its time is over containers run on, the step fails, and there is no restore point", async () => {
  const { app, states } = world;

  const { steps, runId, told } = await backUp("consistency: pause, maxQuiesce: 3s, to: [slow]");

  expect(steps).toMatchObject([{ status: "failed", why: "quiesce-timeout" }]);
  const [[paused], [unpaused]] = await Promise.all([told(app, "pause"), told(app, "unpause")]);
  expect(unpaused!.at - paused!.at).toBeLessThan(5_000);
  expect(await states()).toEqual(["running", "running"]);
  expect(await pointsOf("slow", runId)).toEqual([]);
});

const HOOKS = `
hooks:
  good: { argv: [/bin/sh, -c, "seq 300000"] }
  half: { argv: [/bin/sh, -c, "seq 300000; echo the password correct-horse is wrong >&2; exit 3"] }
  mute: { argv: [/bin/sh, -c, "echo nothing to say >&2"] }
  long: { argv: [/bin/sh, -c, "seq 1000; sleep 60"], timeout: 2s }
`;

test("what a hook writes is in the repository as it came, and the containers run on", async () => {
  const { folder, repositories } = world;
  const { steps, told } = await backUp("consistency: { hook: good }, to: [local, offsite]", HOOKS);

  expect(steps).toMatchObject([
    { decision: "back-up", status: "done", target: { id: "dump:shop-data" } },
    { decision: "copy", status: "done" },
  ]);
  for (const [position, name] of ["local", "offsite"].entries()) {
    const id = String(steps[position]?.facts?.["restorePoint"]);
    const { url, passwordFile = "" } = repositories[name]!;
    const args = ["--repo", url, "--password-file", passwordFile, "--no-cache", "dump", id];
    const dump = execFileSync("restic", [...args, "/shop-data.dump"], {
      encoding: "utf8",
      cwd: folder,
      maxBuffer: 16 * 2 ** 20,
    });
    expect(dump).toBe(Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join(""));
  }
  expect(await told(world.db, "die")).toEqual([]);
});

test.for([
  { hook: "half", says: "hook half failed with exit code 3: the password [masked] is wrong" },
  { hook: "mute", says: "hook mute wrote nothing: nothing to say" },
  { hook: "long", says: "took longer than 2000 ms" },
])("a dump that is not whole leaves no restore point: $hook", async ({ hook, says }) => {
  const { steps, runId } = await backUp(`consistency: { hook: ${hook} }, to: [local]`, HOOKS);

  expect(steps).toMatchObject([{ status: "failed", error: expect.stringContaining(says) }]);
  expect(await pointsOf("local", runId)).toEqual([]);
  const { steps: next } = await backUp(`consistency: { hook: good }, to: [local]`, HOOKS);
  expect(next).toMatchObject([{ status: "done" }]);
});

test("a folder of the host is backed up where its guardrails allow it, and where a link leads only if that is allowed", async () => {
  const { host, folder } = world;
  const [data, secret, link] = ["data", "secret", "link"].map((name) => join(realpathSync(folder), name));
  mkdirSync(data!);
  mkdirSync(secret!);
  writeFileSync(join(data!, "file"), "content");
  symlinkSync(secret!, link!);
  for (const path of [data!, link!]) {
    const name = path === data ? "binds" : "links";
    await runContainer(host, { name, image: "acme/still:1", mounts: [{ bind: path, target: "/x" }] });
  }
  const rule = `{ backup: folders, mode: enforce, every: 1h, select: { binds: ["${realpathSync(folder)}/*"] }, to: [local] }`;
  const policy = `{ policy: lab, hosts: { environment: lab }, rules: [${rule}] }`;
  const guardrails = `{ allow: { binds: ["${data}", "${link}"] } }`;

  const { steps } = await backUp("", guardrails, policy);

  const ends = Object.fromEntries(steps.map(({ target, status, error }) => [target.id, error ?? status]));
  expect(ends).toEqual({
    [`bind:${data}`]: "done",
    [`bind:${link}`]: `the host's guardrails do not allow to back up ${link}, which leads to ${secret},`,
  });
});
