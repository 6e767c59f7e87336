/** What a policy would do to the fleet if it were in force, and what that changes. */
import { countSchema, hostIdSchema, instantSchema } from "@shipkeeper/model";
import { modeSchema, policySchema, roundSchema, severitySchema, targetSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { queryFlag, queryInteger } from "./page.ts";

/** Text of all files of a candidate together. */
export const MOST_PREVIEW_BYTES = 4 * 2 ** 20;
const MOST_FILES = 500;

/** The candidate: policies as `parsePolicy` compiles them, or the files that people write. Unsigned: nothing is enforced. */
export const policyPreviewRequestSchema = z
  .strictObject({
    policies: z.array(policySchema).optional(),
    files: z
      .array(z.strictObject({ file: z.string().max(1_024), text: z.string() }))
      .max(MOST_FILES)
      .optional(),
  })
  .refine(
    ({ policies, files }) => (policies === undefined) !== (files === undefined),
    "expected either `policies` or `files`",
  );
export type PolicyPreviewRequest = z.infer<typeof policyPreviewRequestSchema>;

export const policyPreviewQuerySchema = z.strictObject({
  /** Only this host, by id or name. */
  host: z.string().optional(),
  /** Only what this owner answers for. */
  owner: z.string().optional(),
  /** Every verdict on the one host. */
  explain: queryFlag.optional(),
  /** Of each list; the totals are always of everything. */
  limit: queryInteger(1, 1_000).default(100),
});
export type PolicyPreviewQuery = z.infer<typeof policyPreviewQuerySchema>;

/** Steps of one sort: `remove` of images. */
const stepCountSchema = z.object({
  decision: z.string(),
  type: targetSchema.shape.type,
  count: countSchema,
  /** What the steps are expected to free or to store. */
  bytes: countSchema,
});
export type StepCount = z.infer<typeof stepCountSchema>;

/** What is left alone for one reason. */
const keptCountSchema = z.object({
  kind: z.string(),
  decision: z.string(),
  /** The reason's code. */
  why: z.string(),
  count: countSchema,
  /** One of them: its name, and the reason in words. */
  example: z.string(),
});
export type KeptCount = z.infer<typeof keptCountSchema>;

export const previewTallySchema = z
  .object({
    /** Steps that would be taken. */
    acts: z.array(stepCountSchema),
    /** Steps of rules that only observe: told of, never taken. */
    observes: z.array(stepCountSchema),
    kept: z.array(keptCountSchema),
  })
  .meta({ id: "PreviewTally" });
export type PreviewTally = z.infer<typeof previewTallySchema>;

const changeSchema = z.object({ count: countSchema, bytes: countSchema });

/** What would be done and is not done by the policy in force, and the other way round. */
const changesSchema = z.object({ newly: changeSchema, noLonger: changeSchema });
export type PreviewChanges = z.infer<typeof changesSchema>;

const ruleNameShape = { policy: z.string(), rule: z.string(), kind: z.string() };

const previewItemSchema = z.object({
  hostId: hostIdSchema,
  host: z.string(),
  ...ruleNameShape,
  mode: modeSchema,
  target: targetSchema,
  decision: z.string(),
  bytes: countSchema.optional(),
  explanation: z.string(),
});
export type PreviewItem = z.infer<typeof previewItemSchema>;

const previewRuleSchema = z.object({
  ...ruleNameShape,
  /** False for a rule of the policy in force that the candidate does not have. */
  inCandidate: z.boolean(),
  /** Hosts on which it was planned. */
  hosts: countSchema,
  tally: previewTallySchema,
  changes: changesSchema,
});
export type PreviewRule = z.infer<typeof previewRuleSchema>;

/** How much is as the policies want it, 0 to 100: absent where no check is made. */
const previewScoreSchema = z.object({ before: z.int().optional(), after: z.int().optional() });
export type PreviewScore = z.infer<typeof previewScoreSchema>;

/** A finding that would be there, or would be gone. */
const previewFindingSchema = z.object({
  change: z.enum(["opens", "closes"]),
  hostId: hostIdSchema,
  host: z.string(),
  policy: z.string(),
  check: z.string(),
  severity: severitySchema,
  subject: targetSchema,
  explanation: z.string(),
});
export type PreviewFinding = z.infer<typeof previewFindingSchema>;

const previewHostSchema = z.object({
  hostId: hostIdSchema,
  host: z.string(),
  /** Policies of the candidate that select it. */
  policies: z.array(z.string()),
  /** When its inventory was taken, by its own clock. */
  inventoryAt: instantSchema,
  /** Everything that it holds, whoever answers for it. */
  holds: z.object({ containers: countSchema, images: countSchema, volumes: countSchema }),
  tally: previewTallySchema,
  changes: changesSchema,
  score: previewScoreSchema,
  /** Rules that cannot be planned, and why. */
  waiting: z.array(z.object({ ...ruleNameShape, why: z.string() })),
});
export type PreviewHost = z.infer<typeof previewHostSchema>;

const previewOwnerSchema = z.object({
  /** Absent for what nobody answers for. */
  owner: z.string().optional(),
  tally: previewTallySchema,
  changes: changesSchema,
  score: previewScoreSchema,
  /** Their largest steps. */
  items: z.array(previewItemSchema),
});
export type PreviewOwner = z.infer<typeof previewOwnerSchema>;

/** Sorts of warnings, the worst first. */
export const previewWarningCodeSchema = z.enum([
  "unsound",
  "selects-no-host",
  "not-planned",
  "removes-much",
  "held-back",
  "guardrails",
  "needs-a-look",
  "incomplete",
  "silent",
  "other-revision",
]);

/** Something that a person should know before the policy is pushed. */
const previewWarningSchema = z.object({ code: previewWarningCodeSchema, message: z.string() });
export type PreviewWarning = z.infer<typeof previewWarningSchema>;

export const policyPreviewSchema = z
  .object({
    /** Everything is judged as of now. */
    at: instantSchema,
    /** Revision that it is compared with; absent where no policy is in force. */
    inForce: z.int().optional(),
    warnings: z.array(previewWarningSchema),
    hosts: z.object({
      known: countSchema,
      judged: countSchema,
      /** Those that a policy of the candidate selects. */
      selected: countSchema,
      /** Those on which a step would be taken. */
      acting: countSchema,
      /** Hosts that the candidate could not be tried out on. */
      notJudged: z.array(z.object({ hostId: hostIdSchema, host: z.string(), why: z.string() })),
      items: z.array(previewHostSchema),
    }),
    /** Everything that the judged hosts hold. */
    holds: z.object({ containers: countSchema, images: countSchema, volumes: countSchema }),
    tally: previewTallySchema,
    /** The same for the policy in force. */
    tallyInForce: previewTallySchema,
    changes: z.object({
      ...changesSchema.shape,
      items: z.array(z.object({ change: z.enum(["newly", "no-longer"]), ...previewItemSchema.shape })),
    }),
    /** By the checks of the policy in force; by those of the candidate, without what it would remove. */
    compliance: z.object({
      score: previewScoreSchema,
      opens: countSchema,
      closes: countSchema,
      items: z.array(previewFindingSchema),
    }),
    rules: z.array(previewRuleSchema),
    owners: z.array(previewOwnerSchema),
    /** With `explain`: the whole round that the candidate would have on the one host. */
    round: roundSchema.optional(),
  })
  .meta({ id: "PolicyPreview" });
export type PolicyPreview = z.infer<typeof policyPreviewSchema>;
