/** The part of the engine contract that is about single containers: begun, ended, named, copied, listened to. */
import type { Instant } from "@shipkeeper/kit";
import { volumeNameSchema } from "@shipkeeper/model";
import { beforeAll, expect, test } from "vitest";
import { type EngineWorld, follow } from "./contract-world.ts";
import type { Engine } from "./engine.ts";
import { EngineRefused } from "./engine-errors.ts";
import { fakeContainerId } from "./fake/fake-things.ts";

const MEBIBYTE = 2 ** 20;

/** To be called where tests are described, once the world is made before all of them. */
export function containerContract(madeWorld: () => EngineWorld): void {
  let world: EngineWorld;
  let engine: Engine;

  beforeAll(() => {
    world = madeWorld();
    engine = world.engine;
  });

  test("a restart starts again what ran and what had ended", async () => {
    await world.addImage({ tags: ["contract/restart:1"] });
    const image = "contract/restart:1";
    const id = await world.addContainer({ name: "restarted", image, state: "running" });
    const before = await engine.container(id);

    expect(await engine.restartContainer(id, { timeoutSeconds: 1 })).toBe("restarted");
    const after = await engine.container(id);
    await world.exitContainer(id);
    expect(await engine.restartContainer(id)).toBe("restarted");

    expect(after?.state).toBe("running");
    expect(after?.pid).not.toBe(before?.pid);
    expect((await engine.container(id))?.state).toBe("running");
  });

  test("a stop ends what runs, once, and leaves the container to be started again", async () => {
    await world.addImage({ tags: ["contract/stop:1"] });
    const image = "contract/stop:1";
    const id = await world.addContainer({ name: "stopped", image, state: "running", volume: "stop-kept" });
    const created = await world.addContainer({ name: "stop-created", image, state: "created" });
    const before = Date.now();

    expect(await engine.stopContainer(id)).toBe("stopped");
    const after = await engine.container(id);
    expect(await engine.stopContainer(id, { timeoutSeconds: 1 })).toBe("not-running");
    expect(await engine.stopContainer(created)).toBe("not-running");
    expect(await engine.restartContainer(id)).toBe("restarted");

    expect(after).toMatchObject({ state: "exited", exitCode: 0 });
    expect(after?.pid).toBeUndefined();
    expect(after?.finishedAt).toBeGreaterThanOrEqual(before);
    expect(after?.mounts).toMatchObject([{ volume: "stop-kept" }]);
    expect((await engine.container(id))?.state).toBe("running");
  });

  test("a start runs what does not run", async () => {
    await world.addImage({ tags: ["contract/start:1"] });
    const image = "contract/start:1";
    const created = await world.addContainer({ name: "start-created", image, state: "created" });
    const exited = await world.addContainer({ name: "start-again", image, state: "running" });
    await engine.stopContainer(exited, { timeoutSeconds: 0 });

    expect(await engine.startContainer(created)).toBe("started");
    expect(await engine.startContainer(created)).toBe("already-running");
    expect(await engine.startContainer(exited)).toBe("started");
    expect((await engine.container(exited))?.state).toBe("running");
  });

  test("a kill ends what runs, and a stop says which signals it sent", async () => {
    const since = Date.now();
    await world.addImage({ tags: ["contract/kill:1"] });
    const image = "contract/kill:1";
    const id = await world.addContainer({ name: "killed", image, state: "running" });

    expect(await engine.killContainer(id)).toBe("killed");
    const died = await follow(
      engine,
      { since },
      1,
      ({ subject, action }) => subject === id && action === "die",
    );
    expect(await engine.killContainer(id)).toBe("not-running");
    await engine.startContainer(id);
    await engine.stopContainer(id, { timeoutSeconds: 5 });
    const told = await engine.pastEvents({ since, container: id });

    expect(died[0]?.attributes["exitCode"]).toBe("137");
    const said = told.map(({ action, attributes }) => `${action} ${attributes["signal"] ?? ""}`.trim());
    expect(said.filter((one) => one !== "create")).toEqual([
      "start",
      "kill 9",
      "die",
      "start",
      "kill 15",
      "die",
      "stop",
    ]);
    expect(await engine.pastEvents({ since, container: fakeContainerId("nobody") })).toEqual([]);
  });

  test("a container's name is its own, and may be changed", async () => {
    const since = Date.now();
    await world.addImage({ tags: ["contract/rename:1"] });
    const image = "contract/rename:1";
    const id = await world.addContainer({ name: "rename-me", image, state: "running" });
    await world.addContainer({ name: "rename-other", image, state: "created" });

    expect(await engine.renameContainer(id, "rename-other")).toBe("name-taken");
    expect(await engine.renameContainer(id, "renamed")).toBe("renamed");
    const [event] = await follow(engine, { since }, 1, ({ action }) => action === "rename");

    expect((await engine.container(id))?.name).toBe("renamed");
    expect(event?.attributes).toMatchObject({ name: "renamed" });
    expect(event?.attributes["oldName"]?.replace("/", "")).toBe("rename-me");
  });

  test("a copy is another container with the same configuration, and waits to be started", async () => {
    await world.addImage({ tags: ["contract/copy:1"] });
    const image = "contract/copy:1";
    const labels = { "com.acme.owner": "payments" };
    const id = await world.addContainer({
      name: "copied",
      image,
      state: "running",
      volume: "copy-kept",
      labels,
    });

    await expect(engine.copyContainer(id, "copied")).rejects.toThrow(EngineRefused);
    const copy = await engine.copyContainer(id, "copied-again");

    const [first, second] = await Promise.all([
      engine.container(id),
      copy === "already-gone" ? undefined : engine.container(copy.id),
    ]);
    expect(second).toMatchObject({ name: "copied-again", state: "created" });
    expect(second?.id).not.toBe(first?.id);
    const { imageId, command, mounts, limits, user, privileges } = first ?? {};
    expect(second).toMatchObject({ imageId, image, command, labels, mounts, limits, user, privileges });
  });

  test("an isolated copy runs the same program on other data, and nothing else is the same", async () => {
    await world.addImage({ tags: ["contract/isolated:1"] });
    const image = "contract/isolated:1";
    const id = await world.addContainer({
      name: "isolate-me",
      image,
      state: "running",
      volume: "isolate-real",
      labels: { "com.acme.owner": "payments" },
      environment: ["TOKEN=sword=fish"],
    });
    const labels = { "contract.scratch": "7" };
    const network = await engine.createInternalNetwork("isolate-net", labels);
    await expect(engine.createInternalNetwork("isolate-net", {})).rejects.toThrow(EngineRefused);
    const { name: volume } = await engine.createVolume(volumeNameSchema.parse("isolate-scratch"), labels);
    const limits = { memoryBytes: 64 * MEBIBYTE, nanoCpus: 500_000_000, pids: 50 };
    const isolation = { network: network.id, volumes: new Map([["/data", volume]]), labels, ...limits };

    await expect(engine.copyIsolated(id, "isolate-me", isolation)).rejects.toThrow(EngineRefused);
    const copy = await engine.copyIsolated(id, "isolated", isolation);
    const copyId = copy === "already-gone" ? id : copy.id;
    await engine.startContainer(copyId);

    const [first, second] = await Promise.all([engine.container(id), engine.container(copyId)]);
    const { imageId, command, user } = first ?? {};
    expect(second).toMatchObject({
      name: "isolated",
      state: "running",
      imageId,
      command,
      user,
      labels,
      limits,
    });
    expect(second?.labels).toEqual(labels);
    expect(second?.mounts).toMatchObject([{ type: "volume", volume, destination: "/data" }]);
    expect(second?.networks.map(({ id }) => id)).toEqual([network.id]);
    expect(second).toMatchObject({ ports: [], restartPolicy: { name: "no" }, logDriver: "json-file" });
    expect(await engine.environmentValues(copyId)).toEqual(expect.arrayContaining(["sword=fish"]));
    expect(await engine.containerIds({ label: "contract.scratch" })).toEqual([copyId]);
    expect(await engine.network(network.id)).toMatchObject({
      network: { name: "isolate-net", internal: true, labels },
      attached: [copyId],
    });
    expect(await engine.copyIsolated(fakeContainerId("nobody"), "none", isolation)).toBe("already-gone");
  });

  test("the end of a log is read, as much as is asked for", async () => {
    await world.addImage({ tags: ["contract/log:1"] });
    const image = "contract/log:1";
    const writes = ["one", "two", "three", "four"];
    const id = await world.addContainer({ name: "writer", image, state: "exited", writes });
    const mute = await world.addContainer({
      name: "mute",
      image,
      state: "exited",
      writes,
      logDriver: "none",
    });
    const texts = async (range: { tail: number; mostBytes: number; since?: Instant }) => {
      const log = await engine.logs(id, range);
      return log?.readable === true ? [log.lines.map(({ text }) => text), log.cut] : log;
    };

    expect(await texts({ tail: 100, mostBytes: 1_000 })).toEqual([writes, false]);
    expect(await texts({ tail: 2, mostBytes: 1_000 })).toEqual([["three", "four"], false]);
    expect(await texts({ tail: 100, mostBytes: 9 })).toEqual([["three", "four"], true]);
    expect(await texts({ tail: 100, mostBytes: 1_000, since: Date.now() + 60_000 })).toEqual([[], false]);
    expect(await engine.logs(mute, { tail: 1, mostBytes: 10 })).toMatchObject({
      readable: false,
      why: expect.stringContaining("not support reading"),
    });
    const log = await engine.logs(id, { tail: 1, mostBytes: 100 });
    expect(log).toMatchObject({ lines: [{ stream: "stdout", at: expect.any(Number) }] });
  });

  test("the values of an environment are told apart from everything else", async () => {
    await world.addImage({ tags: ["contract/env:1"] });
    const environment = ["TOKEN=sword=fish", "EMPTY="];
    const id = await world.addContainer({
      name: "keeper",
      image: "contract/env:1",
      state: "exited",
      environment,
    });

    const values = await engine.environmentValues(id);

    expect(values).toEqual(expect.arrayContaining(["sword=fish", ""]));
    expect(JSON.stringify(await engine.container(id))).not.toContain("sword");
    expect(await engine.environmentValues(fakeContainerId("never made"))).toBeUndefined();
  });

  test("processes are told while they run", async () => {
    await world.addImage({ tags: ["contract/top:1"] });
    const image = "contract/top:1";
    const id = await world.addContainer({ name: "busy", image, state: "running" });
    const ended = await world.addContainer({ name: "ended", image, state: "exited" });
    const { pid, command } = (await engine.container(id)) ?? {};

    const processes = await engine.processes(id);

    expect(processes).toContainEqual({ pid, user: "root", command: (command ?? []).join(" ") });
    expect(await engine.processes(ended)).toBeUndefined();
  });

  test("a pause keeps the processes where they are, once, and a person's stop ends it", async () => {
    const since = Date.now();
    await world.addImage({ tags: ["contract/pause:1"] });
    const image = "contract/pause:1";
    const id = await world.addContainer({ name: "paused", image, state: "running" });
    const ended = await world.addContainer({ name: "pause-ended", image, state: "exited" });
    const before = await engine.container(id);

    expect(await engine.pauseContainer(id)).toBe("paused");
    expect(await engine.pauseContainer(id)).toBe("already-paused");
    expect((await engine.container(id))?.state).toBe("paused");
    expect(await engine.unpauseContainer(id)).toBe("unpaused");
    expect(await engine.unpauseContainer(id)).toBe("not-paused");
    const after = await engine.container(id);
    expect(await engine.pauseContainer(ended)).toBe("not-running");
    expect(await engine.unpauseContainer(ended)).toBe("not-paused");
    await engine.pauseContainer(id);
    expect(await engine.stopContainer(id, { timeoutSeconds: 1 })).toBe("stopped");
    expect(await engine.unpauseContainer(id)).toBe("not-paused");

    expect([after?.state, after?.pid, after?.startedAt]).toEqual(["running", before?.pid, before?.startedAt]);
    const told = (await engine.pastEvents({ since, container: id })).map(({ action }) => action);
    expect(told.filter((action) => action.includes("pause")).slice(0, 3)).toEqual([
      "pause",
      "unpause",
      "pause",
    ]);
  });
}
