import { days } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import { describe, expect, test } from "vitest";
import type { WatchedLog } from "../logs/watched-log.ts";
import { judge, policyWith, running, told } from "../testing/judged.ts";
import { container, containerId, image, NOW } from "../testing/world.ts";

const HEALTH_CHECK = { test: ["CMD", "true"], intervalMs: 1, timeoutMs: 1, startPeriodMs: 0, retries: 3 };
const require = (what: string) => policyWith(`containers: { require: [${what}] }`);

test("a container's age counts from its creation, however often it was started", () => {
  const policy = policyWith("containers: { maxAge: 30d }");
  const containers = [
    container("restarted", { createdAt: NOW - days(60), startedAt: NOW }),
    container("young", { createdAt: NOW - days(30) }),
    container("ended", { state: "exited" }),
    container("undated", { createdAt: undefined }),
  ];

  const judgement = judge(policy, { containers });

  expect(told(judgement)).toEqual({
    found: { restarted: "container-too-old: created 60 days ago (limit 30 days)" },
    passed: "1 of 2",
  });
  expect(judgement.tallies).toMatchObject([{ unknown: 1 }]);
});

describe("required", () => {
  test("a health check, except where Kubernetes has its own", () => {
    const kubernetes = { namespace: "shop", pod: "web", container: "web" };
    const containers = [
      container("bare"),
      container("checked", { healthCheck: HEALTH_CHECK }),
      container("pod", { kubernetes }),
      container("ended", { state: "exited" }),
    ];

    expect(told(judge(require("healthcheck"), { containers }))).toEqual({
      found: { bare: "health-check-missing: has no health check" },
      passed: "1 of 2",
    });
  });

  test("limits of memory and of processors, the latter by a quota or a weight", () => {
    const containers = [
      container("bare"),
      container("half", { limits: { memoryBytes: 1e9 } }),
      container("quota", { limits: { memoryBytes: 1e9, nanoCpus: 1e9 } }),
      container("weight", { limits: { memoryBytes: 1e9, cpuShares: 512 } }),
    ];

    expect(told(judge(require("limits"), { containers }))).toEqual({
      found: {
        bare: "limits-missing: has no limit of memory and processors",
        half: "limits-missing: has no limit of processors",
      },
      passed: "2 of 4",
    });
  });

  test("a restart policy, except where somebody else starts it again or it is not meant to last", () => {
    const always = { name: "always", maximumRetries: 0 };
    const containers = [
      container("bare"),
      container("service", { restartPolicy: always }),
      container("task", { swarm: { service: "s", task: "t" } }),
      container("job", { autoRemove: true }),
    ];

    expect(told(judge(require("restart-policy"), { containers }))).toEqual({
      found: {
        bare: "restart-policy-missing: stays down after it fails or the host restarts: it has no restart policy",
      },
      passed: "1 of 2",
    });
  });

  test("log rotation, of the one driver that does not rotate by itself", () => {
    const containers = [
      container("bare", { logRotation: {} }),
      container("unlimited", { logRotation: { maxSize: "-1" } }),
      container("rotated", { logRotation: { maxSize: "10m" } }),
      container("local", { logDriver: "local", logRotation: {} }),
      container("journal", { logDriver: "journald" }),
      container("unread"),
    ];

    const judgement = judge(require("log-rotation"), { containers });

    expect(told(judgement)).toEqual({
      found: {
        bare: "log-rotation-missing: its log (json-file) grows without end: set max-size and max-file",
        unlimited: "log-rotation-missing: its log (json-file) grows without end: set max-size and max-file",
      },
      passed: "3 of 5",
    });
    expect(judgement.tallies).toMatchObject([{ unknown: 1 }]);
  });
});

test("a log that has outgrown its size names the rotation to set", () => {
  const containers = [
    container("loud", { logBytes: 4e9 }),
    container("quiet", { logBytes: 1e6 }),
    container("unmeasured"),
  ];

  expect(told(judge(policyWith("containers: { maxLogSize: 1GB }"), { containers }))).toEqual({
    found: {
      loud: "log-too-large: its log has 4 GB (limit 1 GB): recreate it with max-size=333m and max-file=3 of its log driver json-file",
    },
    passed: "1 of 2",
  });
});

describe("current", () => {
  const policy = policyWith("containers: { current: true }");

  test("means that the image is still there and its name still stands for it", () => {
    const images = [image("web:2", { tags: ["web:latest"] }), image("web:1", { tags: [] }), image("api:1")];
    const containers = [
      running("web", "web:1", { image: "web" }),
      running("api", "api:1"),
      running("orphan", "gone:1"),
      running("ended", "gone:1", { state: "exited" }),
    ];

    const { findings } = judge(policy, { images, containers });

    expect(findings.map(({ check, subject }) => `${subject.name}: ${check}`)).toEqual([
      "orphan: running-image-gone",
      "web: running-image-superseded",
    ]);
  });

  test("a container that was asked for by digest or id has what it asked for", () => {
    const old = image("web:1", { tags: [] });
    const images = [old, image("web:2", { tags: ["web:latest"] })];
    const containers = [
      running("by-digest", "web:1", { image: `web:latest@${old.id}` }),
      running("by-id", "web:1", { image: old.id.slice("sha256:".length, 19) }),
    ];

    expect(told(judge(policy, { images, containers }))).toEqual({ found: {}, passed: "4 of 4" });
  });
});

test("a tag that moves is one of those that the policy names; no tag means latest", () => {
  const policy = policyWith('images: { forbidTags: [latest, "*-snapshot"] }');
  const containers = ["web", "web:1-snapshot", "web:1", "host:5000/web", "web@sha256:1"].map((image, index) =>
    container(`c${index}`, { image }),
  );

  expect(told(judge(policy, { containers }))).toEqual({
    found: {
      c0: "mutable-tag: asked for as web: the tag latest moves, name a version or a digest",
      c1: "mutable-tag: asked for as web:1-snapshot: the tag 1-snapshot moves, name a version or a digest",
      c3: "mutable-tag: asked for as host:5000/web: the tag latest moves, name a version or a digest",
    },
    passed: "2 of 5",
  });
});

test("a volume in use needs a restore point that is young enough, in whatever repository", () => {
  const users = [containerId("postgres")];
  const volumes = [
    plainVolume("fresh", { users }),
    plainVolume("stale", { users }),
    plainVolume("never", { users: [...users, containerId("unseen")] }),
    plainVolume("idle"),
  ];
  const restorePoints = [
    { dataset: "volume:fresh", at: NOW - days(9) },
    { dataset: "volume:fresh", at: NOW - days(1) },
    { dataset: "volume:stale", at: NOW - days(9) },
  ];

  const judgement = judge(
    policyWith("volumes: { backup: 7d }"),
    { volumes, containers: [container("postgres")] },
    { restorePoints },
  );

  expect(told(judgement)).toEqual({
    found: {
      stale: "volume-not-backed-up: used by postgres, last restore point 9 days ago (limit 7 days)",
      never: `volume-not-backed-up: used by postgres and ${containerId("unseen").slice(0, 12)}, no restore point (limit 7 days)`,
    },
    passed: "1 of 3",
  });
});

test("containers, named images and volumes are somebody's", () => {
  const judgement = judge(policyWith("unowned: true"), {
    containers: [container("lost"), container("ours", { owner: "shop" })],
    images: [image("web:1", { owner: "shop" })],
    volumes: [plainVolume("data")],
  });

  expect(Object.keys(told(judgement).found)).toEqual(["lost", "data"]);
  expect(told(judgement).passed).toBe("2 of 4");
});

describe("log bursts", () => {
  const policy = policyWith(
    'logs: { select: { containers: ["web*"] }, patterns: { errors: ERROR }, burst: { matchesPerMinute: 100 } }',
  );
  const quiet = {
    bytesPerMinute: 0,
    peakBytesPerMinute: 0,
    matches: {},
    notScannedBytes: 0,
    lateMinutes: 0,
    hours: [],
  };
  const log = (name: string, facts: Partial<WatchedLog>): [string, WatchedLog] => [
    containerId(name),
    { containerId: containerId(name), name, ...quiet, ...facts },
  ];
  const burst = {
    since: NOW,
    why: "matches",
    pattern: "errors",
    perMinute: 412,
    limitPerMinute: 100,
  } as const;
  const sample = { at: NOW, pattern: "errors", line: "ERROR no database" };
  const containers = ["web", "web-calm", "web-mute", "db"].map((name) => container(name));

  test("of containers that the policy is about, with the last line that matched", () => {
    const logs = new Map([
      log("web", { burst, sample }),
      log("web-mute", { unreadable: "no-log" }),
      log("db", { burst }),
    ]);

    const judgement = judge(policy, { containers }, { logs });

    expect(told(judgement)).toEqual({
      found: { web: "log-burst: 412 lines in a minute matched errors (limit 100); last: ERROR no database" },
      passed: "1 of 2",
    });
    expect(judgement.tallies).toMatchObject([{ unknown: 1 }]);
  });

  test("by the limit of the policy itself: its agent goes by the strictest of all", () => {
    const logs = new Map([log("web", { burst: { ...burst, perMinute: 90, limitPerMinute: 50 } })]);

    expect(told(judge(policy, { containers }, { logs })).found).toEqual({});
  });

  test("of nothing where nobody watches", () => {
    expect(judge(policy, { containers }).tallies).toMatchObject([{ unknown: 3, checked: 0 }]);
  });
});
