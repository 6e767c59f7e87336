import type { Instant } from "@shipkeeper/kit";
import type { Database } from "@shipkeeper/runtime";

export type RuleRuns = ReturnType<typeof ruleRuns>;

/** When rules last had their round, by the policy's `ruleKey`. */
export function ruleRuns(db: Database) {
  const upsert = db.prepare(/*sql*/ `
    INSERT INTO rule_run (rule_key, last_run_at) VALUES (@ruleKey, @at)
    ON CONFLICT (rule_key) DO UPDATE SET last_run_at = @at`);
  const select = db.prepare<[], { ruleKey: string; at: Instant }>(/*sql*/ `
    SELECT rule_key AS ruleKey, last_run_at AS at FROM rule_run`);

  return {
    /** Before the run begins: a rule that crashes the agent must not be due again at once. */
    note(ruleKey: string, at: Instant): void {
      upsert.run({ ruleKey, at });
    },
    all(): ReadonlyMap<string, Instant> {
      return new Map(select.all().map(({ ruleKey, at }) => [ruleKey, at]));
    },
  };
}
