import { setTimeout as sleep } from "node:timers/promises";
import { openEngine } from "@shipkeeper/docker";
import { type ContainerSpec, runContainer, waitUntil } from "@shipkeeper/lab";
import { containerIdSchema } from "@shipkeeper/model";
import type Docker from "dockerode";
import { expect, onTestFinished, test } from "vitest";
import { applyPlan } from "../agent/src/act/apply-plan.ts";
import { restartHandler } from "../agent/src/act/restart.ts";
import { actWorld, planOf, restartContainer } from "../agent/src/act/testing/act-world.ts";
import { ownActs } from "../agent/src/own-acts.ts";
import { oneHost } from "./agent-lab/one-host.ts";

/** Lets its process go on for two seconds after it was asked to end. */
const SLOW_TO_END = ["/bin/sh", "-c", "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done"];
const DEAF = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"];

const lab = oneHost("heal-acts");

/** What acts on the real engine, with its events, by the real clock. */
function hands() {
  const engine = openEngine({ socketPath: lab.host.socketPath });
  const own = ownActs({ clock: Date.now });
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const follow = async () => {
    for await (const event of engine.events({ signal: abort.signal })) own.take(event);
  };
  void follow();
  const world = actWorld({
    engine,
    ownActs: own,
    clock: Date.now,
    pause: (ms, { signal }) => sleep(ms, undefined, { signal }),
  });
  /** As it was planned a moment ago. */
  const planned = async (id: string, decision: string) =>
    planOf(restartContainer((await engine.container(containerIdSchema.parse(id)))!, decision));
  return { ...world, engine, planned };
}

const container = (spec: Omit<ContainerSpec, "image">) =>
  runContainer(lab.host, { image: "acme/app:1", healthIntervalMs: 200, ...spec });

test("a container that somebody stops while the agent does stays stopped", async () => {
  const { context, engine, planned } = hands();
  const slow = await container({ name: "slow", behaves: { kind: "healthy" }, command: SLOW_TO_END });
  const since = Date.now();

  const applied = applyPlan(await planned(slow.id, "restart"), restartHandler, context);
  await waitUntil(
    async () => {
      const events = await engine.pastEvents({ since, container: containerIdSchema.parse(slow.id) });
      return events.some(({ action }) => action === "kill");
    },
    { what: "the agent to stop it", deadlineMs: 10_000 },
  );
  await slow.handle.stop();
  const outcomes = await (await applied).outcomes;

  expect(outcomes).toMatchObject([{ status: "skipped", why: "stopped-by-somebody" }]);
  expect(await slow.state()).toBe("exited");
});

test("a container that nobody else stops runs again", async () => {
  const { context, planned } = hands();
  const slow = await container({ name: "alone", behaves: { kind: "healthy" }, command: SLOW_TO_END });

  const { outcomes } = await applyPlan(await planned(slow.id, "restart"), restartHandler, context);

  expect(await outcomes).toMatchObject([{ status: "done", facts: { healed: true, rung: "restart" } }]);
  expect(await slow.state()).toBe("running");
});

test("a container that was replaced under its name between plan and act is not touched", async () => {
  const { context, planned } = hands();
  const first = await container({ name: "replaced", behaves: { kind: "healthy" } });
  const plan = await planned(first.id, "kill");
  await first.handle.remove({ force: true });
  const second = await container({ name: "replaced", behaves: { kind: "healthy" } });
  const before = await second.handle.inspect();

  const { outcomes } = await applyPlan(plan, restartHandler, context);

  expect(await outcomes).toMatchObject([{ status: "skipped", why: "already-gone" }]);
  const after = await second.handle.inspect();
  expect([after.State.Pid, after.Name]).toEqual([before.State.Pid, before.Name]);
});

test("a container that does not listen is killed after its own time, and runs again", async () => {
  const { context, planned } = hands();
  const deaf = await container({
    name: "deaf",
    behaves: { kind: "healthy" },
    command: DEAF,
    stopTimeoutSeconds: 1,
  });
  const before = await deaf.handle.inspect();

  const { outcomes } = await applyPlan(await planned(deaf.id, "kill"), restartHandler, context);

  expect(await outcomes).toMatchObject([{ status: "done", facts: { healed: true, rung: "kill" } }]);
  const after = await deaf.handle.inspect();
  expect(after.State.Running).toBe(true);
  expect(after.State.Pid).not.toBe(before.State.Pid);
});

test("a container that is made anew is the same but for its id, and keeps its volumes", async () => {
  const { context, planned } = hands();
  await lab.host.engine.createNetwork({
    Name: "front",
    IPAM: { Driver: "default", Config: [{ Subnet: "10.77.1.0/24" }] },
  });
  const back = await lab.host.engine.createNetwork({ Name: "back" });
  const made = await lab.host.engine.createContainer({
    name: "rich",
    Image: "acme/app:1",
    Cmd: ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"],
    Env: ["TOKEN=secret", "MODE=fast"],
    Labels: { "com.acme.owner": "payments" },
    User: "0:0",
    WorkingDir: "/data",
    StopTimeout: 7,
    StopSignal: "SIGTERM",
    Volumes: { "/data": {} },
    Healthcheck: { Test: ["CMD-SHELL", "test -f /data/kept"], Interval: 2e8, Retries: 1 },
    HostConfig: {
      NetworkMode: "front",
      Memory: 64 << 20,
      NanoCpus: 5e8,
      PidsLimit: 50,
      CapDrop: ["NET_RAW"],
      ReadonlyRootfs: true,
      RestartPolicy: { Name: "unless-stopped" },
      Mounts: [{ Type: "volume", Source: "named", Target: "/named" }],
      Tmpfs: { "/scratch": "size=1m" },
      ExtraHosts: ["db:10.77.1.99"],
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
      Ulimits: [{ Name: "nofile", Soft: 512, Hard: 512 }],
    },
    NetworkingConfig: {
      EndpointsConfig: { front: { IPAMConfig: { IPv4Address: "10.77.1.20" }, Aliases: ["web", "www"] } },
    },
  });
  await back.connect({ Container: made.id, EndpointConfig: { Aliases: ["api"] } });
  await made.start();
  const exec = await made.exec({ Cmd: ["touch", "/data/kept"] });
  await exec.start({ Detach: true });
  await waitUntil(async () => (await made.inspect()).State.Health?.Status === "healthy", {
    what: "the container to be healthy",
    deadlineMs: 10_000,
  });
  const before = await made.inspect();

  const { outcomes } = await applyPlan(await planned(made.id, "recreate"), restartHandler, context);

  expect(await outcomes).toMatchObject([{ status: "done", facts: { healed: true, rung: "recreate" } }]);
  const after = await lab.host.engine.getContainer("rich").inspect();
  expect(after.Id).not.toBe(before.Id);
  expect({ ...after.Config, Hostname: "" }).toEqual({ ...before.Config, Hostname: "" });
  expect({ ...after.HostConfig, Binds: null }).toEqual({ ...before.HostConfig, Binds: null });
  expect(networksOf(after)).toEqual(networksOf(before));
  expect(volumesOf(after)).toEqual(volumesOf(before));
  expect((await lab.host.engine.listContainers({ all: true })).map(({ Names }) => Names)).not.toContainEqual([
    expect.stringContaining("before"),
  ]);
});

/** What was asked of networks, without what the engine gave. */
function networksOf({ Id, NetworkSettings }: Docker.ContainerInspectInfo): unknown {
  return Object.fromEntries(
    Object.entries(NetworkSettings.Networks).map(([name, { IPAMConfig, Aliases }]) => [
      name,
      { IPAMConfig, Aliases: (Aliases ?? []).filter((alias: string) => !Id.startsWith(alias)).sort() },
    ]),
  );
}

function volumesOf({ Mounts }: Docker.ContainerInspectInfo): unknown {
  return Mounts.map(({ Type, Name, Destination }) => `${Type} ${Name ?? ""} ${Destination}`).sort();
}
