import { formatDuration } from "@shipkeeper/kit";
import * as z from "zod";
import { agreementOf } from "../objectives/agreements.ts";
import { judgeObjective } from "../objectives/judge-objective.ts";
import { stateAt, turnsOf } from "../objectives/state-at.ts";
import { failed, PASSED, unknown, type Check } from "./check.ts";

const none = z.object({ rule: z.string(), limitMs: z.number() });
const evidence = z.union([none.extend({ ageMs: z.number() }), none]);

/** More would be lost than the rule allows, by the newest restore point that was verified. */
export const rpoBroken: Check<true, z.infer<typeof evidence>> = {
  code: "rpo-broken",
  title: "more data at risk than agreed",
  severity: "high",
  limit: z.literal(true),
  evidence,
  needs: ["volumes", "containers"],
  data(_, { coverage }, { backups, now }) {
    if (coverage.is !== "covered" || backups === undefined) return undefined;
    const agreed = coverage.by
      .filter(({ spec }) => spec.rpo !== undefined)
      .map(({ rule, dataset, spec }) => agreementOf(spec, { rule, dataset }));
    const answers = agreed.map((agreement) => {
      const objective = judgeObjective(agreement, { ...backups, offsite: new Set() }, now);
      const { rule, rpoMs: limitMs = 0 } = agreement;
      if (objective.newestAt === undefined) return failed({ rule, limitMs });
      const { rpo } = turnsOf(objective, now);
      const state = rpo === undefined ? "unknown" : stateAt(rpo, now);
      const at = objective.vouched?.at;
      if (state === "broken" && at !== undefined) return failed({ rule, limitMs, ageMs: now - at });
      return state === "unknown" ? unknown("a verified restore point") : PASSED;
    });
    // What several rules back up is lost only where none of them keeps its word.
    return (
      answers.find(({ is }) => is === "passed") ?? answers.find(({ is }) => is === "failed") ?? answers[0]
    );
  },
  explain(facts) {
    const limit = `(${facts.rule} allows ${formatDuration(facts.limitMs)})`;
    return "ageMs" in facts
      ? `the last verified restore point is ${formatDuration(facts.ageMs)} old ${limit}`
      : `no restore point ${limit}`;
  },
};
