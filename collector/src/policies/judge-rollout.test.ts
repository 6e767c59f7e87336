import { HOUR_MS, SECOND_MS, printable } from "@shipkeeper/kit";
import { hostIdSchema } from "@shipkeeper/model";
import { compileBundle, parsePolicy, type PolicyBundle } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import type { RolloutHostFact, SinceTaken } from "../store/rollout-hosts.ts";
import { uuid } from "../testing/facts.ts";
import { judgeRollout, type NextStep } from "./judge-rollout.ts";

const NOW = Date.UTC(2030, 0, 31, 2);
const PUSHED = NOW - 2 * HOUR_MS;

function bundle(...rollouts: string[]): PolicyBundle {
  const files = rollouts.map((rollout, index) => ({
    file: `${index}.yaml`,
    text: `{ policy: p${index}, hosts: { environment: production }, rollout: ${rollout} }`,
  }));
  const { policies } = parsePolicy(files, { now: NOW });
  return compileBundle(policies, { revision: 2, issuedAt: PUSHED, expiresAt: NOW + 99 * HOUR_MS });
}

const SINCE: SinceTaken = {
  takenAt: PUSHED + SECOND_MS,
  runs: 0,
  failedRuns: 0,
  removedImages: 0,
  imagesBefore: 10,
  containersBefore: 10,
  worse: [],
  tripped: [],
};

/** A host that goes by the revision, unless it says otherwise. */
function host(name: string, ring: string, facts: Partial<RolloutHostFact> = {}): RolloutHostFact {
  const hostId = hostIdSchema.parse(uuid(name));
  const labels = { environment: "production", ring };
  return { hostId, host: name, labels, state: "online", holds: 2, since: SINCE, ...facts };
}
const waiting = (name: string, ring: string, state: RolloutHostFact["state"] = "online"): RolloutHostFact => {
  const { since: _, ...rest } = host(name, ring);
  return { ...rest, state, holds: 1 };
};

const RINGS = "{ rings: [canary, all], bake: 1h }";
const next = (hosts: RolloutHostFact[], { ring = 0, ringAt = PUSHED, of = bundle(RINGS) } = {}): NextStep =>
  judgeRollout(of, { ring, ringAt }, hosts, NOW).next;

test("a canary that is silent holds nobody up while another one has it", () => {
  expect(next([host("a", "canary"), waiting("b", "canary", "silent")])).toEqual({ step: "advance", ring: 1 });
});

test("where no canary is there, nobody else gets it; a ring without hosts is passed", () => {
  expect(next([waiting("a", "canary", "silent"), waiting("b", "")])).toEqual({
    step: "wait",
    why: "no host of ring canary is there to take it",
  });
  expect(next([waiting("b", "")])).toEqual({ step: "advance", ring: 1 });
});

test("the last ring is done once everybody who is there has it, or after a day", () => {
  const hosts = [host("a", "canary"), waiting("b", ""), waiting("c", "", "silent")];

  expect(next(hosts, { ring: 1 })).toEqual({ step: "wait", why: "b is online and has not taken it" });
  expect(next([host("b", ""), waiting("c", "", "silent")], { ring: 1 })).toEqual({ step: "finish" });
  expect(next(hosts, { ring: 1, ringAt: NOW - 26 * HOUR_MS })).toEqual({ step: "finish" });
});

test("of several policies the strictest limit counts, and everything that is wrong is told at once", () => {
  const loose = "{ rings: [canary, all], halt: { removed: 90%, failedRuns: 90%, guardrails: false } }";
  const strict = "{ rings: [canary, all], halt: { removed: 10%, failedRuns: 50%, guardrails: true } }";
  const bad = host("a", "canary", {
    since: { ...SINCE, runs: 4, failedRuns: 2, removedImages: 2, tripped: ["p/r"] },
  });

  expect(next([bad], { of: bundle(loose) }).step).toBe("advance");
  expect(next([bad], { of: bundle(loose, strict) })).toEqual({
    step: "halt",
    reasons: [
      "a lost 2 of its 10 images (limit 10%)",
      "a rule wanted more than the guardrails allow: p/r on a",
    ],
  });
});

test("names that hosts and containers gave themselves cannot forge a line", () => {
  const since = { ...SINCE, worse: ["app\u001b[31m\nall is well"] };

  const step = next([host("evil\nhost", "canary", { since })]);

  expect(step.step === "halt" ? step.reasons.map((reason) => printable(reason, 500)) : undefined).toEqual(
    step.step === "halt" ? step.reasons : ["it should halt"],
  );
});
