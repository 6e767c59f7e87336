import { access } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabHost } from "../fleet/lab-host.ts";
import { type Fleet, startFleet } from "../fleet/start-fleet.ts";
import { seededRandom } from "../random.ts";
import { waitUntil } from "../wait-until.ts";
import { demoWorld } from "./demo-world.ts";
import { type FurnishProgress, furnish } from "./furnish.ts";
import type { WorldHost } from "./world.ts";

const world = demoWorld(seededRandom(11), { hosts: 2, containers: 4 });
const progress: FurnishProgress[] = [];
let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ hosts: world.hosts.map((host) => host.name) });
  await furnish(fleet, world, (step) => progress.push(step));
});

afterAll(() => fleet?.stop());

/** Pairs of what was described and what is there. */
function both(): [WorldHost, LabHost][] {
  return world.hosts.map((described) => [described, fleet.host(described.name)]);
}

test("every host runs what it should run, and holds the stale containers at their age", async () => {
  for (const [described, host] of both()) {
    const there = await host.engine.listContainers({ all: true });
    const named = (state: string) =>
      new Set(there.filter((one) => one.State === state).map((one) => one.Names[0]?.slice(1)));

    expect(named("running")).toEqual(new Set(described.containers.map((spec) => spec.name)));
    expect(named("exited")).toEqual(new Set(described.staleContainers.map(({ spec }) => spec.name)));
    for (const { spec, createdAt, finishedAt } of described.staleContainers) {
      const seen = await host.engine.getContainer(spec.name ?? "").inspect();
      expect(new Date(seen.State.FinishedAt)).toEqual(finishedAt);
      expect(new Date(seen.Created)).toEqual(createdAt);
      expect(seen.State.ExitCode).toBe(spec.behaves?.kind === "exited" && spec.behaves.code);
    }
  }
});

test("every host holds its images, and the superseded ones are dangling", async () => {
  for (const [described, host] of both()) {
    const tagged = await host.engine.listImages();
    const dangling = await host.engine.listImages({ filters: { dangling: ["true"] } });

    const ids = [...described.images, ...described.supersededImages].map((image) => image.id);
    expect(tagged.map((image) => image.Id).toSorted()).toEqual(ids.toSorted());
    expect(dangling.map((image) => image.Id).toSorted()).toEqual(
      described.supersededImages.map((image) => image.id).toSorted(),
    );
  }
});

test("every volume has its data", async () => {
  const volumes = both().flatMap(([{ volumes }, host]) => volumes.map((volume) => ({ volume, host })));
  for (const { volume, host } of volumes) {
    const { Mountpoint } = await host.engine.getVolume(volume.name).inspect();
    await Promise.all(volume.files.map((file) => access(join(Mountpoint, file.path))));
  }
  expect(volumes.length).toBeGreaterThan(0);
});

test("the sick fall ill", async () => {
  const illnesses = both().map(([{ containers }, host]) => ({
    host,
    expected: containers.filter(({ behaves }) => /mends|never|needs/.test(behaves?.kind ?? "")).length,
  }));
  for (const { host, expected } of illnesses) {
    await waitUntil(
      async () => {
        const ill = await host.engine.listContainers({ filters: { health: ["unhealthy"] } });
        return ill.length === expected;
      },
      { what: `${expected} unhealthy containers on ${host.name}`, deadlineMs: 50_000 },
    );
  }
  expect(illnesses.reduce((sum, { expected }) => sum + expected, 0)).toBe(4);
});

test("progress tells every step of every host", () => {
  expect(progress.map((step) => step.done)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(progress.at(-1)).toMatchObject({ total: 8 });
});
