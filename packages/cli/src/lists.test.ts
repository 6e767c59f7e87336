import { containerIdSchema, imageIdSchema } from "@shipkeeper/model";
import { plainContainer } from "@shipkeeper/model/testing";
import type { ApiContainer, ApiHost, ApiLog, ApiRunDetail } from "@shipkeeper/protocol";
import { VERSION } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { NOW, page, runCommand, unasked } from "./testing/run-command.ts";

const HOST_ID = "0190e0a0-0000-4000-8000-000000000001";

function host(hostname: string, facts: Partial<ApiHost> = {}): ApiHost {
  return {
    id: HOST_ID as ApiHost["id"],
    hostname,
    labels: {},
    state: "online",
    enrolledAt: NOW,
    lastSeenAt: NOW - 20_000,
    agentVersion: "0.1.0",
    policyRevision: 3,
    containers: { total: 5, running: 4, unhealthy: 1 },
    images: { total: 9, bytes: 3.4e9 },
    volumes: { total: 1, bytes: 1e6 },
    gaps: 0,
    missingEntries: 0,
    ...facts,
  };
}

const container = (name: string, facts: Partial<ApiContainer> = {}): ApiContainer => ({
  hostId: HOST_ID,
  host: "web-1",
  seenAt: NOW,
  stale: false,
  ...plainContainer({
    id: containerIdSchema.parse("a".repeat(64)),
    name,
    imageId: imageIdSchema.parse(`sha256:${"b".repeat(64)}`),
    health: { status: "unhealthy", failingStreak: 3, log: [] },
  }),
  ...facts,
});

test("a pipe gets tab-separated lines, a terminal gets a table", async () => {
  const collector = () => page(host("web-1"), host("db-1", { state: "silent", lastSeenAt: undefined }));

  const piped = await runCommand("hosts", collector);
  const shown = await runCommand("hosts", collector, { terminal: true });

  expect(piped.out.split("\n").map((line) => line.split("\t").slice(0, 5))).toEqual([
    ["host", "state", "last seen", "running", "unhealthy"],
    ["web-1", "online", "20 seconds ago", "4/5", "1"],
    ["db-1", "silent", "never", "4/5", "1"],
    [""],
  ]);
  expect(shown.out).toMatch(/^HOST +STATE +LAST SEEN/);
  expect(shown.out).not.toContain("\t");
});

test("every page of a list is read, with the filters that were asked for", async () => {
  const { code, out, calls } = await runCommand(
    "containers --owner payments --health unhealthy --sort -name",
    (call) =>
      call.includes("cursor=")
        ? page(container("second"))
        : { body: { items: [container("first")], nextCursor: "abc" } },
  );

  expect(code).toBe(0);
  expect(calls).toEqual([
    "GET /api/v1/containers?owner=payments&health=unhealthy&sort=-name&limit=500",
    "GET /api/v1/containers?owner=payments&health=unhealthy&sort=-name&limit=500&cursor=abc",
  ]);
  expect(out).toContain("first");
  expect(out).toContain("second");
});

test("logs tell how they are kept, what was found in them, and why nothing was", async () => {
  const {
    id,
    name: _,
    ...kept
  } = container("web", { logDriver: "json-file", logRotation: {}, logBytes: 38e9 });
  const log = (name: string, facts: Partial<ApiLog> = {}): ApiLog => ({
    ...kept,
    containerId: id,
    name,
    ...facts,
  });
  const burst = {
    since: NOW - 60_000,
    why: "matches",
    pattern: "errors",
    perMinute: 9,
    limitPerMinute: 5,
  } as const;
  const loud = log("loud", { bytesPerMinute: 14.2e6, matches: { errors: 9 }, notScannedBytes: 8e6, burst });
  const rotated = log("rotated", {
    logRotation: { maxSize: "10m", maxFile: "3" },
    bytesPerMinute: 0,
    matches: {},
  });

  const { out, calls } = await runCommand("logs --burst", () =>
    page(loud, rotated, log("mute", { logDriver: "none", unreadable: "no-log" })),
  );

  expect(calls).toEqual(["GET /api/v1/logs?burst=true&limit=500"]);
  expect(out.split("\n").map((line) => line.split("\t").slice(1))).toEqual([
    ["container", "driver", "rotation", "kept", "a minute", "matches", "burst", "not scanned"],
    ["loud", "json-file", "none", "38 GB", "14.2 MB", "errors 9", "errors 1 minute ago", "8 MB"],
    ["rotated", "json-file", "3 × 10m", "38 GB", "0 B", "-", "-", "-"],
    ["mute", "none", "-", "38 GB", "-", "-", "-", "no log is kept"],
    [],
  ]);
});

test("--json prints what the API said", async () => {
  const { out } = await runCommand("hosts --json", () => page(host("web-1")));

  expect(JSON.parse(out)).toEqual([host("web-1")]);
});

test("a hostile name moves no cursor and sets no colour", async () => {
  const name = "evil\u001b[2J\u001b]0;title\u0007\r\n\u202egnp.exe\u009b31m";

  for (const terminal of [true, false]) {
    const { rawOut } = await runCommand("containers", () => page(container(name)), { terminal });

    expect(rawOut).toContain("evil");
    for (const trick of ["\u001b[2J", "\u001b]", "\u0007", "\r", "\u202e", "\u009b"]) {
      expect(rawOut).not.toContain(trick);
    }
  }
});

test("one run is told with every verdict in words", async () => {
  const run: ApiRunDetail = {
    id: HOST_ID,
    hostId: HOST_ID,
    host: "web-1",
    action: "prune",
    policy: "production",
    rule: "host-cache",
    revision: 3,
    mode: "enforce",
    startedAt: NOW,
    finishedAt: NOW,
    result: "failed",
    freedBytes: 1.2e9,
    steps: { planned: 1, done: 0, skipped: 0, failed: 1, unknown: 0 },
    measures: {},
    verdicts: [
      {
        target: { type: "image", id: "i1", name: "web:1", owner: "shop" },
        decision: "remove",
        reason: { why: "unused" },
        explanation: "unused for 90 days (limit 14 days)",
      },
      {
        target: { type: "image", id: "i2", name: "web:2" },
        decision: "keep",
        reason: { why: "newest" },
        explanation: "newest of its repository",
      },
    ],
    outcome: {
      steps: [
        {
          target: { type: "image", id: "i1", name: "web:1" },
          decision: "remove",
          status: "failed",
          error: "the engine refused",
          startedAt: NOW,
          finishedAt: NOW,
        },
      ],
    },
  };

  const { out, calls } = await runCommand(`runs ${HOST_ID}`, () => ({ body: run }));

  expect(calls).toEqual([`GET /api/v1/runs/${HOST_ID}`]);
  expect(out).toBe(
    [
      "prune host-cache on web-1, policy production r3 (enforce)",
      "failed, 2030-01-31 06:00Z to 2030-01-31 06:00Z, freed 1.2 GB",
      "",
      "decision\twhat\tbecause\tended\ttrouble\towner",
      "remove\tweb:1\tunused for 90 days (limit 14 days)\tfailed\tthe engine refused\tshop",
      "keep\tweb:2\tnewest of its repository\t-\t-\t-",
      "",
    ].join("\n"),
  );
});

test("what the parser does not know is a usage error with a hint, and asks nobody", async () => {
  for (const [line, hint] of [
    ["hots", "Did you mean hosts?"],
    ["hosts --state sleepy", "Allowed choices are new, online, silent, revoked"],
    ["runs not-an-id", "is no run id"],
  ] as const) {
    const { code, err } = await runCommand(line, unasked);

    expect([code, err]).toEqual([2, expect.stringContaining(hint)]);
  }
});

test("the report is printed as text, or written to a file as it came", async () => {
  const { out, calls } = await runCommand(
    "report fleet --owner shop",
    () => ({ body: "Fleet report\u001b[2J\n" }),
    {
      terminal: true,
    },
  );

  expect(calls).toEqual(["GET /api/v1/reports/fleet?format=text&owner=shop"]);
  expect(out).toBe("Fleet report\ufffd[2J\n");
});

test("sending the report names whom it was queued for", async () => {
  const bodies: unknown[] = [];
  const { out } = await runCommand("report send --to payments", (_call, body) => {
    bodies.push(body);
    return { status: 202, body: { queued: [{ owner: "payments", mail: "pay@acme.example" }] } };
  });

  expect(bodies).toEqual([{ to: "payments" }]);
  expect(out).toBe("queued for payments <pay@acme.example>\n");
});

test("--version says which release this is", async () => {
  const { code, out } = await runCommand("--version", unasked);

  expect([code, out]).toEqual([0, `shipkeeper ${VERSION}\n`]);
});

test("post-mortems are listed and searched, and one is told in words or as data", async () => {
  const died = {
    id: "pm-1",
    at: NOW,
    trigger: "unexpected-exit",
    container: { id: "a".repeat(64), name: "web-3", identity: "name:web-3", image: "acme/web:3.1" },
    exitsBefore: 0,
    hostId: HOST_ID,
    host: "web-1",
    exitCode: 3,
    outOfMemory: false,
    bytes: 9,
  };

  const listed = await runCommand("post-mortems --container web-3 --search queue", () => page(died));
  const told = await runCommand("post-mortems pm-1", () => ({ body: "it \u001b[2Jended" }), {
    terminal: true,
  });

  expect(listed.calls).toEqual(["GET /api/v1/post-mortems?container=web-3&search=queue&limit=500"]);
  expect(listed.out.split("\n")[1]?.split("\t").slice(1)).toEqual([
    "web-1",
    "web-3",
    "acme/web:3.1",
    "unexpected-exit",
    "3",
    "-",
    "pm-1",
  ]);
  expect(told.calls).toEqual(["GET /api/v1/post-mortems/pm-1?format=text"]);
  expect(told.rawOut).toContain("ended");
  expect(told.rawOut).not.toContain("\u001b[2J");
  expect((await runCommand("post-mortems ../x", unasked)).code).toBe(2);
});
