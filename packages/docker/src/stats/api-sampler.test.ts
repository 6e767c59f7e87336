import { CONTAINER_METRICS, type Container, NOT_READ } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { EngineRefused } from "../engine-errors.ts";
import type { ContainerStats } from "../engine.ts";
import { FakeEngine } from "../fake-engine.ts";
import { createApiSampler } from "./api-sampler.ts";
import type { Sweep } from "./container-sampler.ts";

const { signal } = new AbortController();
const OLD = { apiVersion: "1.43", signal };
const NEW = { apiVersion: "1.44", signal };

function world(count: number, fields: Partial<Container> = {}) {
  const engine = new FakeEngine();
  engine.addImage({ tags: ["web:1"] });
  const containers = Array.from({ length: count }, () => engine.addContainer({ image: "web:1", ...fields }));
  const sampler = createApiSampler(engine, () => 7);
  sampler.follow(containers);
  return { engine, containers, sampler };
}

function valuesOf({ readings }: Sweep): Partial<ContainerStats> {
  return Object.fromEntries(CONTAINER_METRICS.map((metric, at) => [metric, readings[0]?.values[at]]));
}

test("an old engine is asked of all at once, a newer one of five at a time", async () => {
  const { engine, containers } = world(20);
  let [asked, most] = [0, 0];
  const sampler = createApiSampler(
    {
      async stats(id) {
        most = Math.max(most, (asked += 1));
        const stats = await engine.stats(id);
        asked -= 1;
        return stats;
      },
    },
    Date.now,
  );
  sampler.follow(containers);

  await sampler.sweep(NEW);
  const mostOfNew = most;
  await sampler.sweep(OLD);

  expect([mostOfNew, most]).toEqual([5, 20]);
});

test("without a limit the machine's memory is no limit", async () => {
  const unlimited = world(1);
  const limited = world(1, { limits: { memoryBytes: 64_000_000 } });
  for (const { id } of limited.containers) limited.engine.used.set(id, { memoryLimitBytes: 64_000_000 });

  const limits = [await unlimited.sampler.sweep(OLD), await limited.sampler.sweep(OLD)].map(valuesOf);

  expect(limits.map(({ memoryLimitBytes }) => memoryLimitBytes)).toEqual([NOT_READ, 64_000_000]);
});

test("traffic in another container's network is the other's", async () => {
  const host = world(1);
  const [one] = host.containers;
  if (one === undefined) throw new Error("the world is empty");
  host.engine.used.set(one.id, { networkReceivedBytes: 5, networkSentBytes: 6 });

  const own = valuesOf(await host.sampler.sweep(OLD));
  host.sampler.follow([{ ...one, privileges: { ...one.privileges, networkMode: "container:other" } }]);
  const guest = valuesOf(await host.sampler.sweep(OLD));

  expect([own.networkSentBytes, guest.networkReceivedBytes, guest.networkSentBytes]).toEqual([
    6,
    NOT_READ,
    NOT_READ,
  ]);
});

test("what ended is let go, what could not be read stays, and its neighbours are read", async () => {
  const { engine, containers, sampler } = world(3);
  const [ended, refused, well] = containers.map(({ id }) => id);
  if (ended === undefined || refused === undefined) throw new Error("the world is empty");
  engine.exitContainer(ended);
  engine.fail({
    call: "stats",
    subject: refused,
    with: new EngineRefused("measure it", { status: 500, reason: "on strike" }),
  });

  const sweep = await sampler.sweep(OLD);

  expect(sweep).toMatchObject({ at: 7, gone: [ended], readings: [{ id: well }] });
  expect(sampler.size()).toBe(2);
});

test("a sweep fails where the engine is away, and where it is given up", async () => {
  const { engine, sampler } = world(1);
  const heal = engine.goDown();

  await expect(sampler.sweep(OLD)).rejects.toThrow("cannot reach the Docker engine");
  heal();
  const aborted = AbortSignal.abort(new Error("shutting down"));
  await expect(sampler.sweep({ ...OLD, signal: aborted })).rejects.toThrow("shutting down");
});
