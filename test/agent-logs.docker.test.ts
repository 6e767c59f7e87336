/** Logs as real engines write and rotate them: nothing is counted twice or lost, bursts begin and end, lines stay here. */
import { createSocket } from "node:dgram";
import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { MINUTE_MS } from "@shipkeeper/kit";
import { createInventoryReader, openEngine } from "@shipkeeper/docker";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  startFleet,
  waitUntil,
  type Fleet,
  type LabHost,
} from "@shipkeeper/lab";
import type { ContainerId } from "@shipkeeper/model";
import type { WatchedLog } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import { silentLog } from "@shipkeeper/runtime";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createLogWatcher } from "../agent/src/observe/logs/watch-logs.ts";

const IMAGE = "acme/app:1";
const CANARY = "canary-8d1f0c7a4b";
const LINES = 2_000;

let fleet: Fleet;
let host: LabHost;
beforeAll(async () => {
  fleet = await startFleet({ hosts: ["logs-1"] });
  host = fleet.host("logs-1");
  await loadImages(host, [forgeImage({ tags: [IMAGE], layers: [busyboxLayer()] })]);
});
afterAll(() => fleet.stop());

/** Two hundred lines a second, then silence. */
const CHATTER =
  `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo "ERROR $i: no answer, password=${CANARY}"; ` +
  `[ $((i % 20)) = 0 ] && usleep 100000; done; exec sleep 1000`;

async function run(name: string, driver: string, options: Record<string, string> = {}, script = CHATTER) {
  const container = await host.engine.createContainer({
    name,
    Image: IMAGE,
    Cmd: ["sh", "-c", script],
    HostConfig: { LogConfig: { Type: driver, Config: options } },
  });
  await container.start();
  onTestFinished(() => container.remove({ force: true }).catch(() => undefined));
  return container;
}

/** Takes whatever is sent: the engine keeps no copy of a line that it could not send away. */
async function listenForLogs(): Promise<string> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  await new Promise<void>((resolve) => socket.bind(0, fleet.gateway, resolve));
  return `${fleet.gateway}:${socket.address().port}`;
}

/** Watches the host by a clock that may be moved, and by turns that are asked for. */
function watching() {
  let ahead = 0;
  const clock = () => Date.now() + ahead;
  const told: (EntryOf<"log-watch"> | EntryOf<"event">)[] = [];
  const reader = createInventoryReader(openEngine({ socketPath: host.socketPath }), { clock });
  const never = new AbortController().signal;
  let inventory: Awaited<ReturnType<typeof reader.readAll>> | undefined;
  const watcher = createLogWatcher({
    observer: { current: () => inventory, subscribe: () => () => undefined },
    rules: () => [{ patterns: { errors: "ERROR" }, burst: { matchesPerMinute: 100 } }],
    clock,
    log: silentLog,
    tell: (entry) => told.push(entry),
  });
  onTestFinished(() => watcher.close());
  return {
    turn: () => watcher.turn(),
    lastLogAt: (id: ContainerId) => watcher.lastLogAt(id),
    async look() {
      inventory = await reader.readAll(never);
      watcher.follow(inventory);
      return inventory;
    },
    /** Ends the present minute. */
    async minute() {
      ahead += MINUTE_MS;
      await watcher.turn();
    },
    told: () => JSON.stringify(told),
    known(): Record<string, Omit<WatchedLog, "name">> {
      const entry = told.findLast((one) => one.kind === "log-watch");
      return Object.fromEntries(entry?.containers.map(({ name, ...facts }) => [name, facts]) ?? []);
    },
    events: () =>
      told.flatMap((entry) => (entry.kind === "event" ? [`${entry.subject?.name}: ${entry.what}`] : [])),
  };
}

test(
  "counts are exact over rotations of every driver that keeps files, a burst is told once and so is its end",
  { timeout: 120_000 },
  async () => {
    const watch = watching();
    await watch.look();
    await watch.turn();
    const small = { "max-size": "100k", "max-file": "3" };
    await run("json", "json-file", small);
    await run("local", "local", small);
    await run("copied", "gelf", { "gelf-address": `udp://${await listenForLogs()}` });
    await run("mute", "none");
    const { containers } = await watch.look();

    // Turns at the pace that the watcher asks for, until all containers are silent.
    const isSilent = async () => {
      await pause(Math.min(await watch.turn(), 1_000));
      const newest = containers.map(({ id }) => watch.lastLogAt(id) ?? 0);
      return newest.filter((at) => at > 0).length === 3 && Date.now() - Math.max(...newest) > 3_000;
    };
    await waitUntil(isSilent, { what: "the containers to have written everything", deadlineMs: 60_000 });
    await watch.minute();

    const { json, local, copied, mute } = watch.known();
    for (const log of [json, local, copied]) {
      expect(log).toMatchObject({ matches: { errors: LINES }, notScannedBytes: 0, lateMinutes: 0 });
      expect(log?.sample?.line).toBe(`ERROR ${LINES}: no answer, password=[masked]`);
      expect(log?.burst).toMatchObject({ why: "matches", pattern: "errors", limitPerMinute: 100 });
    }
    expect(mute).toMatchObject({ unreadable: "no-log", matches: {} });

    for (let minute = 0; minute < 6; minute += 1) await watch.minute();
    expect(watch.events().toSorted()).toEqual([
      "copied: log-burst",
      "copied: log-burst-ended",
      "json: log-burst",
      "json: log-burst-ended",
      "local: log-burst",
      "local: log-burst-ended",
    ]);
    expect(watch.told()).not.toContain(CANARY);
  },
);

test("bytes are those of the file, also of a container that ended and was removed", async () => {
  const watch = watching();
  await watch.look();
  await watch.turn();
  const container = await run("brief", "json-file", {}, "echo one; exec sleep 1000");
  await watch.look();
  await watch.turn();

  const file = join(host.dataRoot, "containers", container.id, `${container.id}-json.log`);
  await container.stop({ t: 0 });
  appendFileSync(file, `${JSON.stringify({ log: "ERROR two\n", stream: "stdout", time: "t" })}\n`);
  const { size } = statSync(file);
  await container.remove();
  await watch.look();
  await watch.minute();

  expect(watch.known()["brief"]).toMatchObject({ matches: { errors: 1 }, hours: [{ bytes: size }] });
});
