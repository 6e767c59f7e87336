/**
 * What a policy is once it is compiled: plain JSON, every default of the program that compiled it filled in, so that
 * an agent with other defaults does as was signed.
 * `parse-policy.ts` makes it out of YAML; the signed bundle carries it; agents decode it again with these schemas.
 */
import { instantSchema, ownerRulesSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exclusionSchema } from "../coverage/exclusion.ts";
import { exemptionCompiled } from "./exemption.ts";
import { checkRuleSchema, waiverSchema } from "../compliance/rule.ts";
import { logRuleSchema } from "../logs/log-rule.ts";

/** Keys that may sign policies at the same time. */
export const MOST_KEYS = 8;

export const modeSchema = z.enum(["observe", "enforce"]);
/** `observe` plans and reports only. */
export type Mode = z.infer<typeof modeSchema>;

/** When a scheduled rule is due: at the times of a cron pattern, or a fixed time after the last round. */
export const scheduleSchema = z.union([
  z.strictObject({
    cron: z.string(),
    timezone: z.string(),
    /** A time that was missed by more than this is skipped, in milliseconds; absent: however long ago, it is made up for. */
    catchUpMs: z.int().min(0).optional(),
    /** The most that a host waits after the time, each its own share of it, in milliseconds. */
    spreadMs: z.int().min(1).optional(),
  }),
  z.strictObject({ everyMs: z.int().min(1_000) }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;

/** When something may run, in the words of the language. */
const windowSchema = z.strictObject({
  days: z.string(),
  from: z.string(),
  to: z.string(),
  timezone: z.string(),
});

export const ruleSchema = z.strictObject({
  /** An action kind of the catalog. */
  kind: z.string(),
  /** Unique in its policy: `prune: host-cache` is named `host-cache`. */
  name: z.string(),
  mode: modeSchema,
  /** Absent for rules whose kind is continuous. */
  schedule: scheduleSchema.optional(),
  /** It runs while one of them is open; absent: at any time. */
  windows: z.array(windowSchema).optional(),
  /** The kind's own keys in the words of the language, every default written out; decoded by the kind's schema. */
  spec: z.unknown(),
});
export type Rule = z.infer<typeof ruleSchema>;

/** What the rules of a policy leave alone until a date. */
export const exceptionSchema = z.strictObject({
  /** Absent: all rules of the policy. */
  rule: z.string().optional(),
  ...exemptionCompiled,
});
export type Exception = z.infer<typeof exceptionSchema>;
/** How a change of the policy reaches its hosts: ring after ring, and when it goes no further. */
export const rolloutSchema = z.strictObject({
  /** In their order: `canary` (hosts with the label `ring: canary`), `10%` of the hosts, and `all` at the end. */
  rings: z.array(z.string()).min(1),
  /** How long each ring has it alone, in milliseconds. */
  bakeMs: z.int().min(1_000),
  /** More than so much, in percent, ends the rollout. */
  halt: z.strictObject({
    failedRuns: z.number(),
    removed: z.number(),
    unhealthy: z.number(),
    silentHosts: z.number(),
    guardrails: z.boolean(),
  }),
});
export type Rollout = z.infer<typeof rolloutSchema>;

export const policySchema = z.strictObject({
  name: z.string(),
  /** Host labels that must all match, patterns allowed. Empty selects nothing. */
  hosts: z.record(z.string(), z.string()),
  /** Absent: every host that the policy selects gets it at once. */
  rollout: rolloutSchema.optional(),
  owners: ownerRulesSchema,
  /** Absent: as other policies of the host say, or the default. */
  postMortems: z
    .strictObject({
      /** How long the collector keeps them, in milliseconds. */
      keepMs: z.int().min(1).optional(),
      /** So many lines of the log go into one; none leaves the log on its host. */
      logLines: z.int().min(0).optional(),
    })
    .optional(),
  exceptions: z.array(exceptionSchema),
  /** What the things of the hosts are held to. */
  checks: z.array(checkRuleSchema).default([]),
  waivers: z.array(waiverSchema).default([]),
  /** What need not be backed up. */
  coverage: z.array(exclusionSchema).optional(),
  /** What is watched for in logs. How much is written is told without it. */
  logs: logRuleSchema.optional(),
  rules: z.array(ruleSchema),
});
export type Policy = z.infer<typeof policySchema>;

/** Everything that is in force for a fleet, as one signed document. */
export const policyBundleSchema = z.strictObject({
  format: z.literal(1),
  /** Grows by one with each push; never goes back on any host. */
  revision: z.int().min(1),
  issuedAt: instantSchema,
  /** From then on nothing of it is enforced; rounds go on observing. */
  expiresAt: instantSchema,
  /** Every host gets it at once, whatever the rollouts of its policies say: for emergencies, and to go back. */
  atOnce: z.literal(true).optional(),
  /**
   * Fingerprints of the keys that may sign from then on, these and no others: the way in which a trusted key introduces
   * its successor. Absent: the same as before.
   */
  keys: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .min(1)
    .max(MOST_KEYS)
    .optional(),
  policies: z.array(policySchema),
});
export type PolicyBundle = z.infer<typeof policyBundleSchema>;
