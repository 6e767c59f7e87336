/** What is left of a container's end on a real engine: its last words, and none of its secrets. */
import { runContainer, waitUntil } from "@shipkeeper/lab";
import { expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { oneHost } from "./agent-lab/one-host.ts";

const policy = `
policy: lab
hosts: { environment: lab }
rules:
  - restart: unhealthy
    mode: enforce
    after: 1s
    budget: { restarts: 1, per: 30m }
`;

const OF_ENVIRONMENT = "c4nary-of-the-environment";
const OF_LOG = "c4nary-of-the-log";

const lab = oneHost("post-mortem");

test("an end that nobody ordered leaves the last words, and no secret", { timeout: 90_000 }, async () => {
  const agent = await keepHostInTest(lab.host, { policy });
  await waitUntil(() => agent.watch.signals().engineUpSince, {
    what: "the agent to watch",
    deadlineMs: 20_000,
  });
  const stopped = await runContainer(lab.host, { image: "acme/app:1", name: "stopped" });
  await runContainer(lab.host, {
    image: "acme/app:1",
    name: "crashes",
    env: { TOKEN: OF_ENVIRONMENT },
    command: [
      "/bin/sh",
      "-c",
      `echo "came up with $TOKEN"; echo "password=${OF_LOG}" >&2; sleep 2; echo "cannot go on"; exit 3`,
    ],
    settle: false,
  });
  await stopped.handle.stop({ t: 0 });
  await runContainer(lab.host, {
    image: "acme/app:1",
    name: "hungry",
    limits: { memoryBytes: 16e6 },
    command: ["/bin/sh", "-c", "sleep 1; tail /dev/zero"],
    settle: false,
  });

  const about = (name: string) =>
    waitUntil(() => agent.ofKind("post-mortem").find(({ container }) => container.name === name), {
      what: `a post-mortem of ${name}`,
      deadlineMs: 40_000,
    });
  const crashed = await about("crashes");
  const hungry = await about("hungry");

  expect(crashed).toMatchObject({
    trigger: "unexpected-exit",
    exitsBefore: 0,
    evidence: { state: "exited", exitCode: 3, outOfMemory: false, missing: [] },
  });
  // The engine writes down two streams in whatever order it reads them.
  expect(crashed.evidence.log.lines.map(({ stream, text }) => `${stream} ${text}`).toSorted()).toEqual([
    "stderr password=[masked]",
    "stdout came up with [masked]",
    "stdout cannot go on",
  ]);
  expect(crashed.evidence.events.map(({ action }) => action)).toEqual(["create", "start", "die"]);
  expect(crashed.evidence.finishedAt).toBeGreaterThan(crashed.evidence.startedAt ?? Infinity);
  expect(hungry.evidence).toMatchObject({ exitCode: 137, signal: 9, limits: { memoryBytes: 16e6 } });
  expect(hungry.evidence.outOfMemory).toBe(true);
  expect(agent.ofKind("post-mortem").map(({ container }) => container.name)).not.toContain("stopped");
  expect(JSON.stringify([agent.told, agent.observer.current()?.containers[0]?.health])).not.toMatch(
    /c4nary-of/,
  );
});

test("what a restart takes away is written down before it", { timeout: 90_000 }, async () => {
  const sick = await runContainer(lab.host, {
    image: "acme/app:1",
    name: "sick",
    behaves: { kind: "never-healthy" },
    env: { TOKEN: OF_ENVIRONMENT },
    command: ["/bin/sh", "-c", 'echo "life of $(date +%s) with $TOKEN"; exec sleep 1000'],
    healthIntervalMs: 200,
    stopTimeoutSeconds: 1,
  });
  const startOf = async () => Date.parse((await sick.handle.inspect()).State.StartedAt);
  const before = await startOf();

  const agent = await keepHostInTest(lab.host, { policy });
  const taken = await waitUntil(
    () => agent.ofKind("post-mortem").find(({ trigger }) => trigger === "before-heal"),
    {
      what: "a post-mortem before the restart",
      deadlineMs: 40_000,
    },
  );
  await waitUntil(async () => (await startOf()) > before, { what: "the restart", deadlineMs: 30_000 });
  const started = agent.ofKind("run-started").find(({ action }) => action === "restart");

  expect(taken).toMatchObject({
    sign: "unhealthy",
    runId: started?.runId,
    container: { id: sick.id, name: "sick", identity: "name:sick", image: "acme/app:1" },
    evidence: { state: "running", startedAt: before, health: { status: "unhealthy" }, missing: [] },
  });
  expect(taken.at).toBeLessThan(await startOf());
  expect(taken.evidence.log.lines).toMatchObject([
    { text: expect.stringMatching(/^life of \d+ with \[masked\]$/) },
  ]);
  expect(taken.evidence.processes?.map(({ command }) => command)).toEqual(["sleep 1000"]);
  expect(taken.evidence.health?.outputs.length).toBeGreaterThan(0);
  expect(JSON.stringify(agent.told)).not.toContain(OF_ENVIRONMENT);
});
