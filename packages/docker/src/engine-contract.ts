/**
 * What every implementation of the engine port promises, as tests: the fake engine keeps what the real one does,
 * so that a test on the fake means something. Each implementation brings a world to arrange things in.
 */
import type { Instant } from "@shipkeeper/kit";
import { CONTAINER_METRICS, type ContainerId, type ImageId, volumeNameSchema } from "@shipkeeper/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine, EngineEvent } from "./engine.ts";
import { EngineRefused } from "./engine-errors.ts";
import { fakeContainerId, fakeImageId } from "./fake/fake-things.ts";

export interface ContractImage {
  readonly tags: readonly string[];
  /** RFC 3339, as a builder writes it into the image. */
  readonly createdAt?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ContractContainer {
  readonly name: string;
  /** A tag or an id. */
  readonly image: string;
  readonly state: "running" | "exited" | "created" | "unhealthy";
  /** Name of a volume that it mounts at /data. */
  readonly volume?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Lines that it writes before it ends. */
  readonly writes?: readonly string[];
  readonly logDriver?: "none";
}

/** An engine that holds nothing, and the hands of somebody else on it. */
export interface EngineWorld {
  readonly engine: Engine;
  /** As it comes from elsewhere, with its names. */
  addImage(image: ContractImage): Promise<ImageId>;
  /** One more name, given here. */
  tagImage(id: ImageId, tag: string): Promise<void>;
  addContainer(container: ContractContainer): Promise<ContainerId>;
  exitContainer(id: ContainerId): Promise<void>;
  close(): Promise<void>;
}

export function describeEngineContract(name: string, makeWorld: () => Promise<EngineWorld>): void {
  describe(`${name} keeps the engine contract`, () => {
    let world: EngineWorld;
    let engine: Engine;

    beforeAll(async () => {
      world = await makeWorld();
      engine = world.engine;
    });
    afterAll(() => world.close());

    test("containers of every state are listed, and inspected by id", async () => {
      const imageId = await world.addImage({ tags: ["contract/list:1"] });
      const image = "contract/list:1";
      const running = await world.addContainer({ name: "list-running", image, state: "running" });
      const exited = await world.addContainer({ name: "list-exited", image, state: "exited" });
      const created = await world.addContainer({ name: "list-created", image, state: "created" });

      const ids = await engine.containerIds();
      const found = await Promise.all([running, exited, created].map((id) => engine.container(id)));

      expect(ids).toEqual(expect.arrayContaining([running, exited, created]));
      expect(found.map((container) => [container?.name, container?.state, container?.imageId])).toEqual([
        ["list-running", "running", imageId],
        ["list-exited", "exited", imageId],
        ["list-created", "created", imageId],
      ]);
      expect(found.map((container) => [container?.pid !== undefined, container?.exitCode])).toEqual([
        [true, undefined],
        [false, 0],
        [false, undefined],
      ]);
    });

    test("what is not there is undefined when inspected and already gone when removed", async () => {
      const [container, image] = [fakeContainerId("nobody"), fakeImageId("nobody")];

      expect(await engine.container(container)).toBeUndefined();
      expect(await engine.image(image)).toBeUndefined();
      expect(await engine.removeContainer(container)).toBe("already-gone");
      expect(await engine.removeImage(image)).toBe("already-gone");
      expect(await engine.removeImage("contract/nobody:1")).toBe("already-gone");
      expect(await engine.restartContainer(container)).toBe("already-gone");
      expect(await engine.stopContainer(container)).toBe("already-gone");
      expect(await engine.startContainer(container)).toBe("already-gone");
      expect(await engine.killContainer(container)).toBe("already-gone");
      expect(await engine.renameContainer(container, "somebody")).toBe("already-gone");
      expect(await engine.copyContainer(container, "somebody")).toBe("already-gone");
      expect(await engine.logs(container, { tail: 1, mostBytes: 1 })).toBeUndefined();
      expect(await engine.processes(container)).toBeUndefined();
    });

    test("a running container is in use; once it ended it can be removed, once", async () => {
      await world.addImage({ tags: ["contract/remove:1"] });
      const id = await world.addContainer({ name: "remove", image: "contract/remove:1", state: "running" });

      expect(await engine.removeContainer(id)).toBe("in-use");
      await world.exitContainer(id);
      expect(await engine.removeContainer(id)).toBe("removed");
      expect(await engine.removeContainer(id)).toBe("already-gone");
      expect(await engine.container(id)).toBeUndefined();
    });

    test("removing a container leaves its volume", async () => {
      await world.addImage({ tags: ["contract/keep-volume:1"] });
      const image = "contract/keep-volume:1";
      const id = await world.addContainer({ name: "keeper", image, state: "exited", volume: "kept" });

      const container = await engine.container(id);
      await engine.removeContainer(id);

      expect(container?.mounts).toMatchObject([
        { type: "volume", volume: "kept", destination: "/data", readOnly: false },
      ]);
      expect((await engine.volumes()).map((volume) => volume.name)).toContain("kept");
    });

    test("the image of a container in any state is in use, by tag and by id", async () => {
      const imageId = await world.addImage({ tags: ["contract/used:1"] });
      const image = "contract/used:1";
      const container = await world.addContainer({ name: "user", image, state: "exited" });

      expect(await engine.removeImage("contract/used:1")).toBe("in-use");
      expect(await engine.removeImage(imageId)).toBe("in-use");
      expect((await engine.image(imageId))?.tags).toEqual(["contract/used:1"]);

      await engine.removeContainer(container);
      expect(await engine.removeImage(imageId)).toBe("removed");
      expect(await engine.imageIds()).not.toContain(imageId);
    });

    test("an image with two tags goes tag by tag, never by id", async () => {
      const id = await world.addImage({ tags: ["contract/two:1", "contract/other:2"] });

      expect(await engine.removeImage(id)).toBe("in-use");
      expect(await engine.removeImage("contract/two:1")).toBe("removed");
      expect((await engine.image(id))?.tags).toEqual(["contract/other:2"]);
      expect(await engine.removeImage("contract/other:2")).toBe("removed");
      expect(await engine.image(id)).toBeUndefined();
    });

    test("a tag that moved to another image leaves the first one dangling, and removable by id", async () => {
      const first = await world.addImage({ tags: ["contract/moved:1"], labels: { build: "1" } });
      const second = await world.addImage({ tags: ["contract/moved:1"], labels: { build: "2" } });

      const names = await engine.imageNames();

      expect(names.find(({ id }) => id === first)?.tags).toEqual([]);
      expect(names.find(({ id }) => id === second)?.tags).toEqual(["contract/moved:1"]);
      expect(await engine.removeImage(first)).toBe("removed");
      expect(await engine.imageIds()).toContain(second);
    });

    test("a container made from an image id keeps that image in use without its tag", async () => {
      const imageId = await world.addImage({ tags: ["contract/by-id:1", "contract/by-id:2"] });
      const id = await world.addContainer({ name: "by-id", image: imageId, state: "exited" });

      expect(await engine.container(id)).toMatchObject({ image: imageId, imageId });
      expect(await engine.removeImage("contract/by-id:1")).toBe("removed");
      expect(await engine.removeImage("contract/by-id:2")).toBe("in-use");
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

    test("a program is run inside a container that runs, and in no other", async () => {
      await world.addImage({ tags: ["contract/exec:1"] });
      const image = "contract/exec:1";
      const id = await world.addContainer({ name: "inside", image, state: "running" });
      const ended = await world.addContainer({ name: "outside", image, state: "exited" });
      const run = (script: string, limits = { timeoutMs: 10_000, mostBytes: 100 }) =>
        engine.exec(id, { argv: ["/bin/sh", "-c", script], ...limits });

      expect(await run("echo well; exit 3")).toEqual({ exitCode: 3, output: "well\n" });
      expect(await run("echo 123456789", { timeoutMs: 10_000, mostBytes: 4 })).toEqual({
        exitCode: 0,
        output: "1234",
      });
      expect(await run("echo begun; sleep 60", { timeoutMs: 1_000, mostBytes: 100 })).toEqual({
        output: "begun\n",
      });
      expect(await engine.exec(ended, { argv: ["true"], timeoutMs: 1_000, mostBytes: 1 })).toBe(
        "not-running",
      );
    });

    test("a volume is created once, with its labels", async () => {
      const name = volumeNameSchema.parse("contract-made");

      const volume = await engine.createVolume(name, { "com.acme.owner": "payments" });

      expect(volume).toMatchObject({
        name,
        driver: "local",
        labels: { "com.acme.owner": "payments" },
        anonymous: false,
      });
      await expect(engine.createVolume(name, {})).rejects.toThrow(EngineRefused);
      expect((await engine.volumes()).find((found) => found.name === name)?.labels).toEqual(volume.labels);
    });

    test("an image's creation time is what its builder wrote, and year 1 is none", async () => {
      const createdAt = async (tag: string, text: string): Promise<Instant | undefined> =>
        (await engine.image(await world.addImage({ tags: [tag], createdAt: text })))?.createdAt;

      expect(await createdAt("contract/year-1:1", "0001-01-01T00:00:00Z")).toBeUndefined();
      expect(await createdAt("contract/epoch:1", "1970-01-01T00:00:00Z")).toBe(0);
      expect(await createdAt("contract/future:1", "2099-12-31T23:59:59Z")).toBe(
        Date.UTC(2099, 11, 31, 23, 59, 59),
      );
    });

    test("a name that an image is given here is dated, one that it came with is not", async () => {
      const id = await world.addImage({ tags: ["contract/tagged:1"] });
      const since = Date.now();

      const before = await engine.image(id);
      await world.tagImage(id, "contract/tagged:again");
      const after = await engine.image(id);

      expect(before?.lastTaggedAt).toBeUndefined();
      expect(after?.tags).toEqual(expect.arrayContaining(["contract/tagged:1", "contract/tagged:again"]));
      expect(after?.lastTaggedAt).toBeGreaterThanOrEqual(since);
      expect(after?.lastTaggedAt).toBeLessThanOrEqual(Date.now());
    });

    test("labels come back as they were given, however hostile", async () => {
      const labels = {
        html: "<script>alert('x')</script>&amp;",
        control: "tab\tline\nbell\u0007escape\u001b[31mnul-free",
        long: "x".repeat(4_096),
        "key with spaces and ünïcode": "値",
      };
      const imageId = await world.addImage({ tags: ["contract/labels:1"], labels });
      const image = "contract/labels:1";
      const id = await world.addContainer({ name: "labels", image, state: "exited", labels });

      expect((await engine.image(imageId))?.labels).toEqual(labels);
      expect((await engine.container(id))?.labels).toEqual(labels);
    });

    test("what a container uses is told while it runs, and of no other", async () => {
      await world.addImage({ tags: ["contract/stats:1"] });
      const image = "contract/stats:1";
      const running = await world.addContainer({ name: "stats-running", image, state: "running" });
      const created = await world.addContainer({ name: "stats-created", image, state: "created" });

      const stats = await engine.stats(running);
      await world.exitContainer(running);

      expect(Object.keys(stats ?? {}).sort()).toEqual([...CONTAINER_METRICS].sort());
      expect(stats?.cpuUsageUs).toBeGreaterThan(0);
      expect(stats?.pids).toBeGreaterThanOrEqual(1);
      expect(stats?.memoryWorkingSetBytes).toBeGreaterThan(0);
      expect(stats?.memoryWorkingSetBytes).toBeLessThanOrEqual(stats?.memoryUsageBytes ?? 0);
      expect(stats?.blockReadBytes).toBeGreaterThanOrEqual(0);
      expect(await engine.stats(running)).toBeUndefined();
      expect(await engine.stats(created)).toBeUndefined();
      expect(await engine.stats(fakeContainerId("nobody"))).toBeUndefined();
    });

    test("networks are listed", async () => {
      expect((await engine.networks()).map((network) => network.name)).toContain("bridge");
    });

    test("what happens is announced, and replayed from a time on", async () => {
      const since = Date.now();
      await world.addImage({ tags: ["contract/events:1"] });
      const image = "contract/events:1";
      const live = follow(engine, {}, 1, ({ action }) => action === "restart");

      const id = await world.addContainer({ name: "announced", image, state: "running" });
      await engine.restartContainer(id, { timeoutSeconds: 5 });
      await world.exitContainer(id);
      const isItsOwn = ({ subject, action }: EngineEvent) => subject === id && action !== "kill";
      const replayed = await follow(engine, { since }, 6, isItsOwn);
      // How many signals a stop takes is up to the process.
      const isSignal = ({ subject, action }: EngineEvent) => subject === id && action === "kill";
      const [signal] = await follow(engine, { since }, 1, isSignal);

      expect(replayed.map(({ action }) => action)).toEqual([
        "create",
        "start",
        "die",
        "stop",
        "start",
        "restart",
      ]);
      expect(replayed[0]).toMatchObject({ type: "container", attributes: { image, name: "announced" } });
      expect(signal?.attributes["signal"]).toBe("15");
      expect((await live).map(({ subject }) => subject)).toEqual([id]);
    });

    test("a health change says what it changed to", async () => {
      const since = Date.now();
      await world.addImage({ tags: ["contract/sick:1"] });
      const image = "contract/sick:1";

      const id = await world.addContainer({ name: "sick", image, state: "unhealthy" });
      const [event] = await follow(engine, { since }, 1, ({ action }) => action === "health_status");

      expect(event).toMatchObject({ subject: id, attributes: { health: "unhealthy", image } });
      expect((await engine.container(id))?.health).toMatchObject({
        status: "unhealthy",
        log: [expect.objectContaining({ exitCode: 1 })],
      });
    });

    test("an aborted call throws, and an aborted event stream ends", async () => {
      const aborted = AbortSignal.abort(new Error("shutting down"));

      await expect(engine.containerIds({ signal: aborted })).rejects.toThrow("shutting down");
      const events = engine.events({ signal: aborted })[Symbol.asyncIterator]();

      expect(await events.next()).toEqual({ done: true, value: undefined });
    });
  });
}

/** The first `count` events that are meant; fails by the test's own deadline where they do not come. */
async function follow(
  engine: Engine,
  options: { since?: Instant },
  count: number,
  isMeant: (event: EngineEvent) => boolean,
): Promise<EngineEvent[]> {
  const stop = new AbortController();
  const seen: EngineEvent[] = [];
  for await (const event of engine.events({ ...options, signal: stop.signal })) {
    if (isMeant(event)) seen.push(event);
    if (seen.length === count) stop.abort();
  }
  return seen;
}
