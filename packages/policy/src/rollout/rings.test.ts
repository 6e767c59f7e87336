import { HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { compileBundle } from "../language/compile.ts";
import { parsePolicy } from "../language/parse-policy.ts";
import type { PolicyBundle } from "../language/policy.ts";
import { formatProblem } from "../language/problem.ts";
import { lastReleaseAt, releaseAt, ringInBundle, ringsOfBundle } from "./rings.ts";

const ISSUED = Date.UTC(2030, 0, 31, 2);
const HOSTS = Array.from({ length: 1_000 }, (_, index) => `host-${index}`);

const policy = (name: string, rollout: string, hosts = "{ environment: production }") =>
  `{ policy: ${name}, hosts: ${hosts}, rollout: ${rollout} }`;

function bundle(texts: readonly string[], terms: { atOnce?: true } = {}): PolicyBundle {
  const { policies, problems } = parsePolicy(
    texts.map((text, index) => ({ file: `${index}.yaml`, text })),
    { now: ISSUED },
  );
  expect(problems.map(formatProblem)).toEqual([]);
  return compileBundle(policies, {
    revision: 1,
    issuedAt: ISSUED,
    expiresAt: ISSUED + 99 * HOUR_MS,
    ...terms,
  });
}

const host = (hostId: string, labels: Record<string, string> = {}) => ({
  hostId,
  labels: { environment: "production", ...labels },
});
const hoursAfter = (bundle: PolicyBundle, who: ReturnType<typeof host>) =>
  (releaseAt(bundle, who) - ISSUED) / HOUR_MS;

test("a named ring is the hosts with that label, and everybody else is in the last one", () => {
  const staged = bundle([policy("a", "{ rings: [canary, early, all], bake: 2h }")]);

  expect(hoursAfter(staged, host("x", { ring: "canary" }))).toBe(0);
  expect(hoursAfter(staged, host("x", { ring: "early" }))).toBe(2);
  expect(hoursAfter(staged, host("x"))).toBe(4);
  expect(hoursAfter(staged, host("x", { ring: "all" }))).toBe(4);
});

test("a share takes that part of the hosts, always the same ones, and a larger share takes them too", () => {
  const staged = bundle([policy("a", "{ rings: [10%, 40%, all] }")]);

  const rings = HOSTS.map((id) => ringInBundle(staged, host(id)));
  const ofThem = (ring: number) => rings.filter((each) => each === ring).length;

  expect(ofThem(0)).toBeGreaterThan(70);
  expect(ofThem(0)).toBeLessThan(130);
  expect(ofThem(1)).toBeGreaterThan(240);
  expect(ofThem(1)).toBeLessThan(360);
  expect(rings).toEqual(HOSTS.map((id) => ringInBundle(staged, host(id))));
  const larger = bundle([policy("a", "{ rings: [40%, all] }")]);
  const lost = HOSTS.filter((id, index) => rings[index] === 0 && ringInBundle(larger, host(id)) !== 0);
  expect(lost).toEqual([]);
});

test("different policies take different hosts first", () => {
  const one = bundle([policy("one", "{ rings: [10%, all] }")]);
  const two = bundle([policy("two", "{ rings: [10%, all] }")]);

  const first = (staged: PolicyBundle) => HOSTS.filter((id) => ringInBundle(staged, host(id)) === 0);

  expect(first(one)).not.toEqual(first(two));
});

test("a bundle comes into force whole: the slowest policy of a host sets its time", () => {
  const staged = bundle([
    policy("a", "{ rings: [canary, all], bake: 1h }"),
    policy("b", "{ rings: [canary, early, all], bake: 3h }"),
    policy("c", "{ rings: [all] }"),
    policy("d", "{ rings: [early, all], bake: 24h }", "{ environment: lab }"),
  ]);

  expect(hoursAfter(staged, host("x", { ring: "early" }))).toBe(3);
  expect(hoursAfter(staged, host("x"))).toBe(6);
  expect(hoursAfter(staged, { hostId: "x", labels: { environment: "nowhere" } })).toBe(0);
  expect(ringsOfBundle(staged)).toEqual([
    { name: "canary / all / early", bakeMs: 24 * HOUR_MS },
    { name: "all / early", bakeMs: 24 * HOUR_MS },
    { name: "all", bakeMs: 3 * HOUR_MS },
  ]);
  expect(lastReleaseAt(staged) - ISSUED).toBe(24 * HOUR_MS);
});

test("what is pushed at once has one ring, and so has a policy without a rollout", () => {
  const text = policy("a", "{ rings: [canary, all], bake: 2h }");
  const atOnce = bundle([text], { atOnce: true });

  expect(hoursAfter(atOnce, host("x"))).toBe(0);
  expect(ringsOfBundle(atOnce)).toEqual([{ name: "all", bakeMs: 0 }]);
  expect(ringsOfBundle(bundle(["{ policy: a, hosts: { environment: lab } }"]))).toHaveLength(1);
});

test.each([
  ["{ rings: [canary, 10%] }", "the last ring is `all`"],
  ["{ rings: [] }", "the last ring is `all`"],
  ["{ rings: [all, canary, all] }", "the last ring is `all`"],
  ["{ rings: [canary, canary, all] }", "twice"],
  ["{ rings: [20%, 10%, all] }", "each is larger than the one before"],
  ["{ rings: [0%, all] }", "expected a ring"],
  ["{ rings: [Canary, all] }", "expected a ring"],
  ["{ rings: [all], bake: 500ms }", "one second or more"],
  ["{ rings: [all], halt: { failed: 2% } }", "unknown key `failed`"],
  ["{ rings: [all], halt: { failedRuns: 2 } }", "expected a share"],
  ["{ ring: [all] }", "did you mean `rings`?"],
])("%s is told as a mistake", (rollout, why) => {
  const { problems } = parsePolicy([{ file: "a.yaml", text: policy("a", rollout) }], { now: ISSUED });

  expect(problems.map(formatProblem).join("\n")).toContain(why);
});
