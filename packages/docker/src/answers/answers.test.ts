import { readFileSync } from "node:fs";
import { containerSchema, imageSchema, NOT_READ } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type * as z from "zod";
import { containerAnswer, containerListAnswer } from "./container-answer.ts";
import { infoAnswer, networkListAnswer, volumeListAnswer } from "./host-answers.ts";
import { historyAnswer, imageAnswer } from "./image-answer.ts";
import { readContainer } from "./read-container.ts";
import { readEvents } from "./read-events.ts";
import { readHealthCheck } from "./read-health-check.ts";
import { readEngineFacts, readHostFacts, readNetwork, readVolume } from "./read-host.ts";
import { readImage } from "./read-image.ts";
import { diskUsageAnswer, readSizes } from "./read-sizes.ts";
import { readStats } from "./read-stats.ts";
import { statsAnswer } from "./stats-answer.ts";

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");
const answer = <T extends z.ZodType>(schema: T, name: string) => schema.parse(JSON.parse(fixture(name)));

test("a container of Docker 20.10", () => {
  const container = readContainer(answer(containerAnswer, "docker-20.10/container.json"));

  expect(containerSchema.parse(container)).toEqual(container);
  expect(container).toMatchObject({
    name: "w2",
    image: "web:1",
    command: ["sleep", "1000"],
    state: "running",
    restartPolicy: { name: "on-failure", maximumRetries: 3 },
    stopTimeoutSeconds: 33,
    compose: { project: "shop", service: "web", number: "2" },
    limits: { nanoCpus: 500_000_000, pids: 100 },
    health: { status: "unhealthy", log: [{ exitCode: 1, output: "no answer\n" }, {}, {}, {}, {}] },
    healthCheck: { intervalMs: 500, timeoutMs: 30_000, startPeriodMs: 0, retries: 1 },
    privileges: { capAdd: ["CAP_NET_ADMIN"], privileged: false },
  });
  expect(container.mounts).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: "volume", volume: "data1", destination: "/data", readOnly: true }),
      expect.objectContaining({ type: "bind", source: "/etc", destination: "/host-etc", readOnly: false }),
    ]),
  );
  expect(container.ports).toEqual(
    expect.arrayContaining([{ container: 443, protocol: "tcp", hostAddress: "127.0.0.1", host: 8443 }]),
  );
});

test("of a log's options only those of its rotation are read: others hold tokens of log servers", () => {
  const recorded = answer(containerAnswer, "docker-20.10/container.json");
  const Config = { "max-size": "10m", "splunk-token": "secret" };
  const HostConfig = { ...recorded.HostConfig, LogConfig: { Type: "json-file", Config } };

  expect(readContainer({ ...recorded, HostConfig })).toMatchObject({
    logDriver: "json-file",
    logRotation: { maxSize: "10m" },
  });
  expect(JSON.stringify(readContainer({ ...recorded, HostConfig }))).not.toContain("secret");
});

test("mounts have one order, however the engine lists them", () => {
  const recorded = answer(containerAnswer, "docker-20.10/container.json");
  const turned = { ...recorded, Mounts: recorded.Mounts.toReversed() };

  expect(recorded.Mounts.length).toBeGreaterThan(1);
  expect(readContainer(turned).mounts).toEqual(readContainer(recorded).mounts);
});

test("environment values never leave: of variables only the names are read", () => {
  const container = readContainer(answer(containerAnswer, "docker-20.10/container.json"));
  const image = readImage(
    answer(imageAnswer, "docker-20.10/image.json"),
    answer(historyAnswer, "docker-20.10/history.json"),
  );

  expect(container.environment).toEqual(["DB_PASSWORD", "PATH", "SECRET", "OTHER", "LEGACY"]);
  expect(JSON.stringify([container, image])).not.toMatch(/hunter2|abc|two words|a value|se cret|deflt/);
});

test("an image of Docker 20.10", () => {
  const image = readImage(
    answer(imageAnswer, "docker-20.10/image.json"),
    answer(historyAnswer, "docker-20.10/history.json"),
  );

  expect(imageSchema.parse(image)).toEqual(image);
  expect(image).toMatchObject({ tags: ["web:1"], digests: [], labels: { a: "<b>x</b>" }, os: "linux" });
  expect(image.layers).toHaveLength(3);
  expect(image.history.map(({ createdBy }) => createdBy)).toContain("ENV SECRET=… OTHER=…");
});

test("an image of Docker 29 may lack its time, its parent and its virtual size", () => {
  const image = readImage(answer(imageAnswer, "docker-29/image.json"), []);

  expect(imageSchema.parse(image)).toEqual(image);
  expect(image).toMatchObject({
    tags: ["acme/api:3"],
    sizeBytes: 41_230_000,
    source: "https://git.acme.example/api",
    baseName: "docker.io/library/debian:12",
  });
  expect(image.lastTaggedAt).toBe(Date.UTC(2026, 2, 1, 10));
  expect(image).not.toHaveProperty("createdAt");
  expect(image).not.toHaveProperty("parentId");
});

test("the image store is told by the driver's status, not by the version", () => {
  const older = readEngineFacts(answer(infoAnswer, "docker-20.10/info.json"), "1.41");
  const newer = readEngineFacts(answer(infoAnswer, "docker-29/info.json"), "1.52");

  expect(older).toMatchObject({ imageStore: "graphdriver", storageDriver: "overlay2", cgroupVersion: "1" });
  expect(newer).toMatchObject({ imageStore: "containerd", storageDriver: "overlayfs", cgroupVersion: "2" });
  expect(readHostFacts(answer(infoAnswer, "docker-29/info.json"))).toMatchObject({
    hostname: "web-29",
    cpus: 8,
  });
});

test("volumes, networks and lists of Docker 20.10", () => {
  const { Volumes } = answer(volumeListAnswer, "docker-20.10/volumes.json");
  const networks = answer(networkListAnswer, "docker-20.10/networks.json").map(readNetwork);

  expect(Volumes.map(readVolume).map(({ name, anonymous }) => [name.slice(0, 8), anonymous])).toEqual([
    ["data1", false],
    ["c40f6d22", true],
  ]);
  expect(networks.map(({ name }) => name).sort()).toEqual(["bridge", "host", "none"]);
  expect(answer(containerListAnswer, "docker-20.10/containers.json")).toHaveLength(2);
});

test("a labelled volume is anonymous whatever its name", () => {
  const labelled = { Name: "pgdata", Driver: "local", Mountpoint: "", CreatedAt: "" };

  expect(readVolume({ ...labelled, Labels: { "com.docker.volume.anonymous": "" } }).anonymous).toBe(true);
});

test("disk usage in its old and in its new shape", () => {
  const older = readSizes(answer(diskUsageAnswer, "docker-20.10/disk-usage.json"));
  const newer = readSizes(answer(diskUsageAnswer, "docker-29/disk-usage.json"));

  expect([older.writableBytes.size, older.volumeBytes.size, older.sharedImageBytes.size]).toEqual([2, 2, 1]);
  expect(Object.values(newer).map((sizes) => [...sizes])).toEqual([
    [
      ["3".repeat(64), 4_096],
      ["4".repeat(64), 0],
    ],
    [[`sha256:${"1".repeat(64)}`, 12_000_000]],
    [["pgdata", 5_000]],
    [["pgdata", 1]],
    [
      {
        id: "ndlpt0hhvkqcdfkputsk4cq9c",
        type: "regular",
        description: "mount / from exec /bin/sh -c make",
        sizeBytes: 700,
        createdAt: Date.UTC(2026, 1, 1, 8),
        usageCount: 3,
        inUse: false,
        shared: true,
        parents: [],
      },
    ],
  ]);
});

test("what a container uses, with version 1 of cgroups and with version 2", () => {
  const older = readStats(answer(statsAnswer, "docker-20.10/stats.json"));
  const newer = readStats(answer(statsAnswer, "docker-29/stats.json"));

  expect(older).toEqual({
    cpuUsageUs: 40_301,
    cpuThrottledUs: 0,
    cpuThrottledPeriods: 0,
    memoryUsageBytes: 9_236_480,
    memoryWorkingSetBytes: 9_236_480 - 8_388_608,
    memoryLimitBytes: 67_108_864,
    networkReceivedBytes: 290,
    networkSentBytes: 0,
    blockReadBytes: 0,
    blockWrittenBytes: 0,
    pids: 2,
  });
  expect(newer).toEqual({
    cpuUsageUs: 123_456_789,
    cpuThrottledUs: 654_321,
    cpuThrottledPeriods: 120,
    memoryUsageBytes: 104_857_600,
    memoryWorkingSetBytes: 104_857_600 - 31_457_280,
    memoryLimitBytes: 268_435_456,
    networkReceivedBytes: 1_024,
    networkSentBytes: 40,
    blockReadBytes: 8_193_000,
    blockWrittenBytes: 4_096_000,
    pids: 17,
  });
});

test("what the engine does not say of a container is not read, and one that does not run has no statistics", () => {
  const bare = { cpu_stats: { cpu_usage: { total_usage: 1_000 } }, memory_stats: {}, pids_stats: {} };

  const values = readStats(statsAnswer.parse({ ...bare, read: "2026-02-01T08:00:00Z" }));

  expect(values).toMatchObject({
    cpuUsageUs: 1,
    memoryWorkingSetBytes: NOT_READ,
    networkSentBytes: NOT_READ,
  });
  expect(values).toMatchObject({ memoryLimitBytes: NOT_READ, blockReadBytes: NOT_READ, pids: NOT_READ });
  expect(readStats(statsAnswer.parse({ ...bare, read: "0001-01-01T00:00:00Z" }))).toBeUndefined();
});

test("events arrive whole however the stream is cut", async () => {
  const bytes = new TextEncoder().encode(fixture("docker-20.10/events.jsonl"));
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.slice(at, at + 7);
  };

  const events = [];
  for await (const event of readEvents(pieces())) events.push(event);

  expect(events.map(({ type, action }) => `${type} ${action}`)).toEqual([
    "container die",
    "network disconnect",
    "container stop",
    "image tag",
    "image untag",
    "volume create",
    "volume destroy",
    "network create",
    "network destroy",
    "network connect",
    "container start",
    "container health_status",
  ]);
  expect(events.at(-1)?.attributes).toEqual({ image: "web:1", name: "w2", health: "unhealthy" });
});

test("a health check has the engine's defaults where it says nothing, and none is none", () => {
  const answer = { Test: ["CMD", "true"], Interval: 0, Timeout: 0, StartPeriod: 0, Retries: 0 };

  expect(readHealthCheck(answer)).toEqual({
    test: ["CMD", "true"],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    retries: 3,
  });
  expect(readHealthCheck({ ...answer, Test: ["NONE"] })).toBeUndefined();
  expect(readHealthCheck({ ...answer, Test: [] })).toBeUndefined();
  expect(readHealthCheck(null)).toBeUndefined();
});
