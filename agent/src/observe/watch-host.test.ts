import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS } from "@shipkeeper/kit";
import { FakeEngine } from "@shipkeeper/docker";
import { waitUntil } from "@shipkeeper/lab";
import { silentLog } from "@shipkeeper/runtime";
import { expect, onTestFinished, test } from "vitest";
import { tempLedger } from "../act/testing/act-world.ts";
import { startObserving } from "./observe.ts";
import { watchHost } from "./watch-host.ts";

const SOON = { deadlineMs: 5_000, everyMs: 5 };

/** A watch of a fake engine; what happened before it began is up to the test. */
async function watched(before: (engine: FakeEngine) => void = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-watch-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const engine = new FakeEngine();
  const ledger = tempLedger(Date.now);
  before(engine);
  const observer = startObserving({
    engine,
    ledger,
    clock: Date.now,
    log: silentLog,
    resyncIntervalMs: HOUR_MS,
    onEvent: () => undefined,
  });
  const watch = watchHost({
    observer,
    engine,
    ledger,
    isOwnAct: () => undefined,
    docker: { host: "192.0.2.1", port: 2375 },
    pauses: join(folder, "pauses.json"),
    clock: Date.now,
    log: silentLog,
    tell: () => undefined,
    found: () => undefined,
    uptime: () => 3_600,
    load: () => ({ loadPerCpu: 0.5 }),
  });
  onTestFinished(async () => {
    await watch.stop();
    await observer.stop();
  });
  await waitUntil(() => watch.signals().engineUpSince, { what: "the engine to be known", ...SOON });
  return { engine, watch, pauses: join(folder, "pauses.json") };
}

test("what the engine announces shows in the signals, beside host, load and pauses", async () => {
  const begun = Date.now();
  const { engine, watch } = await watched();
  const { id } = engine.addContainer({ image: "web:1", name: "web" });

  engine.exitContainer(id, 3);

  const deaths = await waitUntil(() => watch.signals().deaths.get(id), { what: "the death", ...SOON });
  expect(deaths).toMatchObject([{ exitCode: 3, expected: false }]);
  const { engineUpSince, hostUpSince, load, pauses } = watch.signals();
  expect(engineUpSince).toBeGreaterThanOrEqual(begun);
  expect(hostUpSince).toBeLessThanOrEqual(begun - HOUR_MS + 5_000);
  expect(load).toEqual({ loadPerCpu: 0.5 });
  expect(pauses).toEqual([]);
});

test("what happened before the agent began is known, too", async () => {
  let id = "";
  const { watch } = await watched((engine) => {
    ({ id } = engine.addContainer({ image: "web:1", name: "web" }));
    engine.exitContainer(engine.addContainer({ image: "web:1" }).id);
    engine.announce({
      type: "container",
      action: "pause",
      subject: id,
      attributes: {},
      at: Date.now() - 60_000,
    });
  });

  await waitUntil(() => watch.signals().touches.get(id)?.what === "pause", { what: "the touch", ...SOON });
});

test("an engine that goes away is not up, and not for long when it comes back", async () => {
  const { engine, watch } = await watched();
  const first = watch.signals().engineUpSince ?? 0;

  const up = engine.goDown();
  await waitUntil(() => watch.signals().engineUpSince === undefined, {
    what: "the engine to be away",
    ...SOON,
  });
  up();

  const again = await waitUntil(() => watch.signals().engineUpSince, {
    what: "the engine to be back",
    ...SOON,
  });
  expect(again).toBeGreaterThan(first);
});

test("a file of pauses that is broken holds all healing back", async () => {
  const { watch, pauses } = await watched();

  writeFileSync(pauses, "{");

  expect(watch.signals().pauses).toHaveLength(1);
});
