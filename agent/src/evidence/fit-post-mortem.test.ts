import type { ContainerId } from "@shipkeeper/model";
import {
  MOST_POST_MORTEM_BYTES,
  postMortemSchema,
  type Evidence,
  type PostMortem,
} from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { fitEvidence, fitPostMortem } from "./fit-post-mortem.ts";

const EMPTY: Evidence = {
  outOfMemory: false,
  log: { lines: [], cut: 0 },
  usage: [],
  events: [],
  limits: {},
  mounts: [],
  networks: [],
  hostLoad: {},
  missing: [],
};
const logOf = (...texts: string[]): Evidence["log"] => ({
  lines: texts.map((text) => ({ stream: "stdout", text })),
  cut: 0,
});
const about = (evidence: Evidence): PostMortem => ({
  id: "1",
  at: 0,
  trigger: "unexpected-exit",
  container: { id: "a".repeat(64) as ContainerId, name: "web", identity: "name:web", image: "web:1" },
  exitsBefore: 0,
  evidence,
});
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

test("no secret is left in any text, not even where a cut goes through it", () => {
  const canary = "c4nary-secret-value";
  const evidence = fitEvidence(
    {
      ...EMPTY,
      health: {
        status: "unhealthy",
        failingStreak: 1,
        outputs: [{ exitCode: 1, output: `bad password=${canary}` }],
      },
      log: logOf(
        `connecting with ${canary}`,
        `${"x".repeat(2_040)} ${canary}`,
        "-----BEGIN PRIVATE KEY-----",
        "MIIEowIBAAKCAQEA7bq9c4nary",
        "-----END PRIVATE KEY-----",
      ),
      processes: [{ pid: 1, command: `worker --db postgres://app:${canary}@db/app` }],
      mounts: [{ what: `/run/${canary}`, destination: "/x", readOnly: true }],
      missing: [{ what: "log", why: canary }],
    },
    [canary],
  );

  expect(JSON.stringify(evidence)).not.toMatch(/c4nary/);
  expect(evidence.log.lines[0]?.text).toBe("connecting with [masked]");
});

test("colours and control characters are taken out", () => {
  const { log } = fitEvidence(
    { ...EMPTY, log: logOf("\u001b[31mred\u001b[0m\u0000 a\nb\u0007", "half \ud800") },
    [],
  );

  expect(log.lines.map(({ text }) => text)).toEqual(["red\ufffd a b\ufffd", "half \ufffd"]);
});

test("the oldest lines of a log go first, and are counted", () => {
  const texts = Array.from({ length: 1_000 }, (_, place) => `${place} ${"ä".repeat(1_000)}`);
  const fitted = fitPostMortem(about(fitEvidence({ ...EMPTY, log: { ...logOf(...texts), cut: 5 } }, [])));

  const { lines, cut } = fitted.evidence.log;
  expect(bytesOf(fitted)).toBeLessThanOrEqual(MOST_POST_MORTEM_BYTES);
  expect(bytesOf(fitted)).toBeGreaterThan(0.95 * MOST_POST_MORTEM_BYTES);
  expect(lines.at(-1)?.text).toMatch(/^999 /);
  expect(lines.length + cut).toBe(1_005);
});

test("whatever a container holds, its post-mortem fits and decodes", () => {
  const long = "漢".repeat(10_000);
  const things = Array.from({ length: 300 }, () => long);
  const evidence = fitEvidence(
    {
      ...EMPTY,
      health: {
        status: "unhealthy",
        failingStreak: 9,
        outputs: things.map((output) => ({ exitCode: 1, output })),
      },
      log: logOf(...things, long),
      processes: things.map((command, pid) => ({ pid, command })),
      mounts: things.map((what) => ({ what, destination: what, readOnly: false })),
      networks: things,
    },
    [],
  );
  const fitted = fitPostMortem(about(evidence));

  expect(bytesOf(fitted)).toBeLessThanOrEqual(MOST_POST_MORTEM_BYTES);
  expect(postMortemSchema.parse(fitted)).toEqual(fitted);
});
