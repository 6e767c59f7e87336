/**
 * What every implementation of the engine port promises, as tests: the fake engine keeps what the real one does,
 * so that a test on the fake means something. Each implementation brings a world to arrange things in.
 */
import type { Instant } from "@shipkeeper/kit";
import { CONTAINER_METRICS, volumeNameSchema } from "@shipkeeper/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerContract } from "./container-contract.ts";
import { programContract } from "./program-contract.ts";
import { type EngineWorld, follow } from "./contract-world.ts";
import type { Engine, EngineEvent } from "./engine.ts";
import { EngineRefused } from "./engine-errors.ts";
import { fakeContainerId, fakeImageId } from "./fake/fake-things.ts";
import { rebuildContract } from "./rebuild-contract.ts";

export type { ContractContainer, ContractImage, EngineWorld } from "./contract-world.ts";

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
      expect(await engine.pauseContainer(container)).toBe("already-gone");
      expect(await engine.unpauseContainer(container)).toBe("already-gone");
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

    containerContract(() => world);
    rebuildContract(() => world);
    programContract(() => world);
  });
}
