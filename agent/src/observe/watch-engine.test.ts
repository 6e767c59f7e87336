import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS, SECOND_MS } from "@shipkeeper/kit";
import { FakeEngine, createInventoryReader } from "@shipkeeper/docker";
import { handClock } from "@shipkeeper/lab";
import { expect, onTestFinished, test } from "vitest";
import { NOW } from "../act/testing/act-world.ts";
import { engineBeganAt, watchEngine } from "./watch-engine.ts";

function world(engineBegan?: number) {
  const clock = handClock(NOW);
  const engine = new FakeEngine({ clock: clock.now });
  const reader = createInventoryReader(engine, { clock: clock.now });
  const hostUpSince = NOW - HOUR_MS;
  const watch = watchEngine({ clock: clock.now, hostUpSince, engineBegan: () => engineBegan });
  const look = async () => watch.look(await reader.readAll(new AbortController().signal));
  return { clock, engine, watch, look };
}

test.for([
  ["since its socket was made", NOW - 5 * SECOND_MS, NOW - 5 * SECOND_MS],
  ["no longer than the host", NOW - 24 * HOUR_MS, NOW - HOUR_MS],
  ["not from the future", NOW + HOUR_MS, NOW],
  ["since now where nobody can tell", undefined, NOW],
] as const)("an agent that begins takes the engine to be up %s", async ([, began, since]) => {
  const { watch, look } = world(began);
  expect(watch.upSince()).toBeUndefined();

  await look();

  expect(watch.upSince()).toBe(since);
});

test("after a break it is up from the first look on that it answered", async () => {
  const { clock, engine, watch, look } = world(NOW - HOUR_MS);
  await look();

  const up = engine.goDown();
  watch.broke();
  expect(watch.upSince()).toBeUndefined();
  await clock.advance(SECOND_MS);
  await look();
  expect(watch.upSince()).toBeUndefined();
  up();
  await clock.advance(SECOND_MS);
  await look();

  expect(watch.upSince()).toBe(NOW + 2 * SECOND_MS);
});

test("an engine that stood still without a broken stream is up anew", async () => {
  const { clock, engine, watch, look } = world(NOW - HOUR_MS);
  await look();
  const up = engine.goDown();
  await look();
  up();
  await clock.advance(SECOND_MS);

  await look();

  expect(watch.upSince()).toBe(NOW + SECOND_MS);
});

test("a look from before the break tells nothing of the engine after it", async () => {
  const { clock, engine, watch } = world(NOW - HOUR_MS);
  const early = await createInventoryReader(engine, { clock: clock.now }).readAll(
    new AbortController().signal,
  );
  await clock.advance(SECOND_MS);

  watch.broke();
  watch.look(early);

  expect(watch.upSince()).toBeUndefined();
});

test("a local engine began when its socket or its pid file was made, whichever is younger", () => {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-engine-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "docker.sock");
  expect(engineBeganAt({ socketPath })).toBeUndefined();
  expect(engineBeganAt({ host: "10.0.0.1", port: 2375 })).toBeUndefined();

  writeFileSync(socketPath, "");

  expect(Math.abs((engineBeganAt({ socketPath }) ?? 0) - Date.now())).toBeLessThan(60_000);
});
