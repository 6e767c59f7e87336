/** A policy as people write it: the keys that do not depend on any action kind. */
import { DAY_MS } from "@shipkeeper/kit";
import * as z from "zod";
import { cronSchema, timezoneSchema, windowsSchema } from "../schedule/schedule-schemas.ts";
import { exclusionSource } from "../coverage/exclusion.ts";
import { exemptionSource } from "./exemption.ts";
import { complianceSource } from "./compliance-source.ts";
import { logsSourceSchema } from "./logs-source.ts";
import { modeSchema } from "./policy.ts";
import { rolloutSourceSchema } from "./rollout-source.ts";
import { durationSchema, nameSchema, patternSchema } from "./values.ts";

const text = z.string().min(1, "expected a text that is not empty");

const CHAT = 'expected a channel such as "#payments", in quotes because # opens a comment';

const ownersSchema = z.strictObject({
  /** Label keys, the first that is set counts. */
  labels: z.array(text).default([]),
  map: z
    .record(
      text,
      z.strictObject({
        match: z.array(patternSchema),
        mail: z.email("expected a mail address").optional(),
        chat: z.string({ error: CHAT }).min(1, CHAT).optional(),
      }),
    )
    .default({}),
});

const HOSTS = "expected labels such as { environment: production }; without any the policy selects nothing";

/** As long as runs and rounds are kept. */
const MOST_KEPT_DAYS = 400;
const KEPT = `expected ${MOST_KEPT_DAYS}d or less`;
const MOST_LINES = 1_000;
const LINES = `expected a whole number of lines, ${MOST_LINES} at most`;

const postMortemsSchema = z.strictObject({
  keep: durationSchema.refine((ms) => ms <= MOST_KEPT_DAYS * DAY_MS, KEPT).optional(),
  logLines: z.int(LINES).min(0, LINES).max(MOST_LINES, LINES).optional(),
});
export type PostMortemsSource = z.infer<typeof postMortemsSchema>;

/** What a policy and a profile both may say; a policy inherits all of it. */
const headKeys = {
  /** Names of profiles. */
  inherits: z.array(nameSchema).default([]),
  mode: modeSchema.default("observe"),
  rollout: rolloutSourceSchema.optional(),
  windows: windowsSchema.optional(),
  owners: ownersSchema.prefault({}),
  postMortems: postMortemsSchema.optional(),
  exceptions: z.array(z.strictObject({ rule: nameSchema.optional(), ...exemptionSource })).default([]),
  coverage: z.array(exclusionSource).default([]),
  ...complianceSource,
  logs: logsSourceSchema.optional(),
  /** More than anybody oversees; each is compared with each. */
  rules: z.array(z.unknown()).max(200).default([]),
} as const;

export const policySourceSchema = z.strictObject({
  policy: nameSchema,
  hosts: z
    .record(text, patternSchema, { error: HOSTS })
    .refine((labels) => Object.keys(labels).length > 0, HOSTS),
  ...headKeys,
});

/** What policies have in common, written once; it selects no host. */
export const profileSourceSchema = z.strictObject({ profile: nameSchema, ...headKeys });

/** The keys that every rule may have beside those of its kind. */
export const ruleSourceSchema = z
  .strictObject({
    mode: modeSchema.optional(),
    schedule: cronSchema.optional(),
    timezone: timezoneSchema.optional(),
    every: durationSchema.refine((ms) => ms >= 1_000, "expected one second or more").optional(),
    windows: windowsSchema.optional(),
    /** What becomes of a time that the host missed. */
    catchUp: z
      .union([z.enum(["always", "never"]), durationSchema], {
        error: "expected always, never or a duration such as 6h",
      })
      .optional(),
    spread: durationSchema.optional(),
  })
  .refine(({ schedule, every }) => schedule === undefined || every === undefined, {
    message: "either `schedule` or `every`, not both",
  })
  .check((context) => {
    const { schedule, ...keys } = context.value;
    const needing = (["timezone", "catchUp", "spread"] as const).filter((key) => keys[key] !== undefined);
    for (const key of schedule === undefined ? needing : []) {
      context.issues.push({
        code: "custom",
        message: `\`${key}\` needs a \`schedule\``,
        input: context.value,
      });
    }
  });
export type RuleSource = z.infer<typeof ruleSourceSchema>;

export const SHARED_RULE_KEYS: readonly string[] = Object.keys(ruleSourceSchema.shape);
