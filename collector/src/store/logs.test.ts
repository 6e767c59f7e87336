import { HOUR_MS } from "@shipkeeper/kit";
import type { WatchedLog } from "@shipkeeper/policy";
import type { ApiLog, ApiLogHour, FleetReport, KnownEntry } from "@shipkeeper/protocol";
import { expect, onTestFinished, test } from "vitest";
import { container, containerId, inventoryEntry, NOW } from "../testing/facts.ts";
import { startTestCollector } from "../testing/test-collector.ts";

const HOUR = NOW - (NOW % HOUR_MS);

const watched = (name: string, facts: Partial<WatchedLog> = {}): WatchedLog => ({
  containerId: containerId(name),
  name,
  bytesPerMinute: 0,
  peakBytesPerMinute: 0,
  matches: {},
  notScannedBytes: 0,
  lateMinutes: 0,
  hours: [],
  ...facts,
});

const logWatch = (containers: WatchedLog[], { at = NOW, from = NOW - 60_000 } = {}): KnownEntry => ({
  kind: "log-watch",
  at,
  from,
  containers,
});

async function collectorWith(...entries: KnownEntry[]) {
  const collector = await startTestCollector();
  onTestFinished(() => collector.close());
  const host = await collector.enrolHost("web-1");
  const containers = ["loud", "quiet"].map((name) =>
    container(name, { logRotation: { maxSize: "10m" }, logBytes: 7 }),
  );
  await host.tell(inventoryEntry({ containers }), ...entries);
  const read = async <Item>(url: string) => (await collector.ask("GET", url)).json<{ items: Item[] }>().items;
  const report = async () => (await collector.ask("GET", "/api/v1/reports/fleet")).json<FleetReport>();
  return { send: (...entries: KnownEntry[]) => host.tell(...entries), read, report };
}

const BURST = { since: NOW, why: "matches", pattern: "errors", perMinute: 9, limitPerMinute: 5 } as const;

test("every container is listed, the loudest first, a quiet one with nothing and not with no answer", async () => {
  const { read } = await collectorWith(
    logWatch([watched("loud", { bytesPerMinute: 900, matches: { errors: 2 }, burst: BURST })]),
  );

  expect(await read<ApiLog>("/api/v1/logs")).toMatchObject([
    {
      name: "loud",
      bytesPerMinute: 900,
      matches: { errors: 2 },
      burst: BURST,
      logRotation: { maxSize: "10m" },
    },
    { name: "quiet", bytesPerMinute: 0, logBytes: 7, watchedAt: NOW },
  ]);
  expect((await read<ApiLog>("/api/v1/logs?burst=true")).map(({ name }) => name)).toEqual(["loud"]);
  expect((await read<ApiLog>("/api/v1/logs?burst=false")).map(({ name }) => name)).toEqual(["quiet"]);
  expect((await read<ApiLog>("/api/v1/logs?container=quiet")).length).toBe(1);
});

test("of a host that does not watch its logs nothing is said but how they are kept", async () => {
  const { read } = await collectorWith();

  const [first] = await read<ApiLog>("/api/v1/logs");

  expect(first).toMatchObject({ name: "loud", logDriver: "json-file" });
  expect(first).not.toHaveProperty("bytesPerMinute");
});

test("only the latest word counts, in whatever order words arrive", async () => {
  const { send, read } = await collectorWith(
    logWatch([watched("quiet", { bytesPerMinute: 5 })], { at: NOW + 60_000 }),
  );

  await send(logWatch([watched("loud", { bytesPerMinute: 900 })]));

  expect(
    (await read<ApiLog>("/api/v1/logs")).map(({ name, bytesPerMinute }) => [name, bytesPerMinute]),
  ).toEqual([
    ["quiet", 5],
    ["loud", 0],
  ]);
});

test("an hour is the most that was counted of it, and what an agent counted after a restart is added", async () => {
  const hour = (bytes: number, errors: number) => ({
    hours: [{ at: HOUR, bytes, matches: { errors } }],
  });
  const { send, read } = await collectorWith(logWatch([watched("loud", hour(100, 1))]));

  await send(
    logWatch([watched("loud", hour(300, 4))], { at: NOW + 600_000 }),
    logWatch([watched("loud", hour(200, 2))], { at: NOW + 300_000 }),
    logWatch([watched("loud", hour(50, 1))], { at: NOW + 900_000, from: NOW + 800_000 }),
  );

  expect(await read<ApiLogHour>("/api/v1/logs/hours?container=loud")).toMatchObject([
    { name: "loud", at: HOUR, bytes: 350, matches: { errors: 5 } },
  ]);
  expect(await read<ApiLogHour>("/api/v1/logs/hours?container=quiet")).toEqual([]);
});

test("the fleet report names those who log most, and how long their logs may grow", async () => {
  const { report } = await collectorWith(
    logWatch([
      watched("loud", { bytesPerMinute: 900, matches: { errors: 2 }, burst: BURST }),
      watched("quiet"),
    ]),
  );

  expect((await report()).logs).toEqual({
    loudest: [
      {
        host: "web-1",
        container: "loud",
        bytesPerMinute: 900,
        matches: [{ pattern: "errors", count: 2 }],
        keptBytes: 7,
        isBursting: true,
        growsWithoutEnd: false,
      },
    ],
    bursting: 1,
  });
});
