import { days } from "@shipkeeper/kit";
import { roundIdSchema } from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { compileBundle, explainVerdict, parsePolicy, planRound } from "../index.ts";
import { ended, image, imageId, NOW, unhealthy, worldWith } from "../testing/world.ts";

const RULES = `
policy: production
hosts: { environment: production }
mode: enforce
rules:
  - prune: cache
    every: 1h
    images: { unusedFor: 14d }
    containers: { exitedFor: 1h }
  - backup: data
    every: 1h
    select: { volumes: ["*"] }
    to: [local]
  - restart: sick
`;

const WORLD = worldWith({
  images: [image("acme/ledger:3.1"), image("acme/shop:7")],
  containers: [
    ended("batch-1", { image: "acme/gone:1" }),
    unhealthy("ledger", { imageId: imageId("acme/ledger:3.1"), image: "acme/ledger:3.1" }),
  ],
  volumes: [plainVolume("scratch")],
});

/** Thing → what the rules say of it under the exceptions, written as the entries of a YAML list. */
function told(exceptions: string, now = NOW): Record<string, string> {
  const text = `${RULES}exceptions: [${exceptions}]`;
  const { policies, problems } = parsePolicy([{ file: "p", text }], { now: NOW });
  expect(problems).toEqual([]);
  const validity = { revision: 1, issuedAt: NOW - days(1), expiresAt: NOW + days(300) };
  const bundle = compileBundle(policies, validity);
  const planned = (["scheduled", "continuous"] as const).flatMap((trigger) => {
    const question = { bundle, trigger, lastRuns: new Map<string, number>(), stopFilePresent: false };
    const roundId = roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa");
    return planRound({ ...question, roundId, world: { ...WORLD, now } }).planned;
  });
  return Object.fromEntries(
    planned.flatMap(({ kind, verdicts }) =>
      verdicts.map((verdict) => [
        `${kind} ${verdict.target.name}`,
        `${verdict.decision}: ${explainVerdict(kind, verdict)}`,
      ]),
    ),
  );
}

const BECAUSE = "reason: the vendor certifies in March, owner: payments, until: 2030-03-31";
const KEPT = "keep: exception until 2030-03-31: the vendor certifies in March";

test("what an exception speaks of stays, under every kind, with its reason and its end", () => {
  expect(told(`{ match: { container: batch-* }, ${BECAUSE} }`)["prune batch-1"]).toBe(KEPT);
  expect(told(`{ match: { volume: scratch }, ${BECAUSE} }`)["backup volume:scratch"]).toBe(KEPT);
  expect(told(`{ match: { container: ledger, host: web-1 }, ${BECAUSE} }`)["restart ledger"]).toBe(KEPT);
  expect(told(`{ match: { image: acme/shop }, ${BECAUSE} }`)["prune acme/shop:7"]).toBe(KEPT);
});

test("a container goes by the name of its image, too, also when the image is gone", () => {
  expect(told(`{ match: { image: "acme/ledger:3.*" }, ${BECAUSE} }`)["restart ledger"]).toBe(KEPT);
  expect(told(`{ match: { image: acme/gone }, ${BECAUSE} }`)["prune batch-1"]).toBe(KEPT);
});

test("an exception from one rule leaves the others as they are, and none outlives its last day", () => {
  const container = `match: { container: "*" }, ${BECAUSE}`;
  const lastMinute = Date.UTC(2030, 2, 31, 23, 59);

  expect(told(`{ rule: cache, ${container} }`)).toMatchObject({
    "prune batch-1": KEPT,
    "restart ledger": expect.stringMatching(/^(wait|restart)/),
  });
  expect(told(`{ ${container} }`, lastMinute)["prune batch-1"]).toBe(KEPT);
  expect(told(`{ ${container} }`, lastMinute + 60_000)["prune batch-1"]).toMatch(/^remove/);
});
