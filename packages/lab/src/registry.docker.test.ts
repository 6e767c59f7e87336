import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { type Fleet, startFleet } from "./fleet/start-fleet.ts";
import { busyboxLayer } from "./forge/busybox.ts";
import { forgeImage } from "./forge/forge-image.ts";
import { type Registry, startRegistry } from "./registry.ts";

let fleet: Fleet | undefined;
let registry: Registry | undefined;
afterEach(async () => {
  await registry?.stop();
  await fleet?.stop();
});

test("an engine of the fleet pulls by tag what was pushed, and the registry forgets what is deleted", async () => {
  fleet = await startFleet({ hosts: 1 });
  registry = await startRegistry({ address: fleet.gateway });
  const image = forgeImage({ layers: [busyboxLayer()], createdAt: "2024-01-01T00:00:00Z" });
  const engine = fleet.hosts[0]!.engine;

  const digest = await registry.push(image, "team/app:1");
  const name = `${registry.address}/team/app:1`;
  await text(await engine.pull(name)); // ends when the image is there
  const seen = await engine.getImage(name).inspect();
  const deleted = await fetch(`http://${registry.address}/v2/team/app/manifests/${digest}`, {
    method: "DELETE",
  });

  expect(seen.Id).toBe(image.id);
  expect(seen.RepoDigests).toEqual([`${registry.address}/team/app@${digest}`]);
  expect(deleted.status).toBe(202);
});
