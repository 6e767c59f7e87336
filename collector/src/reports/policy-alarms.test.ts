import { expect, test } from "vitest";
import { haltedRollout, policyAlarms } from "./policy-alarms.ts";
import { EMPTY_FACTS as facts } from "./testing/sample-facts.ts";

test("a halted rollout is a job for now, with its reasons", () => {
  const halted = {
    revision: 14,
    by: "the rollout itself",
    reasons: ["web-1 lost 5 of its 12 images (limit 20%)"],
  };

  expect(haltedRollout(facts)).toEqual([]);
  expect(haltedRollout({ ...facts, haltedRollout: halted })).toEqual([
    {
      urgency: "now",
      kind: "rollout-halted",
      what: "Mend or roll back policy revision 14: hosts that have it only observe",
      why: "halted by the rollout itself: web-1 lost 5 of its 12 images (limit 20%)",
    },
  ]);
});

test("of refused policies each host tells the latest, and troubles of other kinds are not about policies", () => {
  const trouble = (host: string, code: string, at: number) => ({
    host,
    code,
    at,
    message: `${code} at ${at}`,
  });

  const told = policyAlarms({
    ...facts,
    troubles: [
      trouble("web-1", "policy_refused", 1),
      trouble("web-1", "policy_refused", 2),
      trouble("db-1", "held_policy_refused", 1),
      trouble("db-1", "disk_full", 3),
    ],
  });

  expect(told.map(({ urgency, kind, host, why }) => [urgency, kind, host, why])).toEqual([
    ["now", "policy-not-trusted", "web-1", "policy_refused at 2"],
    ["now", "policy-not-trusted", "db-1", "held_policy_refused at 1"],
  ]);
});
