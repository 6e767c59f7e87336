import { countSchema, instantSchema } from "@shipkeeper/model";
import { evidenceSchema, exemptionMatchSchema, severitySchema, waivedSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf, queryFlag, queryInteger } from "./page.ts";

/** `open` until it is mended or waived; `resolved` once it is no longer so, or nobody asks for it any more. */
export const findingStateSchema = z.enum(["open", "waived", "resolved"]);

export const apiFindingSchema = z
  .object({
    hostId: z.string(),
    host: z.string(),
    /** A check of the policy language; one thing has at most one finding of each. */
    check: z.string(),
    severity: severitySchema,
    /** What sort of thing it is about. */
    subject: z.string(),
    subjectId: z.string(),
    name: z.string(),
    owner: z.string().optional(),
    /** The evidence in words. */
    says: z.string(),
    evidence: evidenceSchema,
    policy: z.string(),
    state: findingStateSchema,
    firstSeenAt: instantSchema,
    /** To ten minutes. */
    lastSeenAt: instantSchema,
    resolvedAt: instantSchema.optional(),
    waived: waivedSchema.optional(),
  })
  .meta({ id: "Finding" });
export type ApiFinding = z.infer<typeof apiFindingSchema>;

export const findingsQuerySchema = listQuery(
  { sorts: ["severity", "firstSeenAt", "check", "subject", "host"], order: "-severity" },
  {
    host: z.string().optional(),
    owner: z.string().optional(),
    unowned: queryFlag.optional(),
    check: z.string().optional(),
    severity: severitySchema.optional(),
    /** Of revoked hosts none is told. */
    state: z.enum([...findingStateSchema.options, "all"]).default("open"),
    subject: z.enum(["container", "image", "volume", "dataset"]).optional(),
    search: z.string().max(256).optional(),
  },
);
export type FindingsQuery = z.infer<typeof findingsQuerySchema>;
export const findingsPageSchema = pageOf(apiFindingSchema);

/** A waiver of the policies in force, and what it waives now. */
export const apiWaiverSchema = z
  .object({
    policy: z.string(),
    /** The check whose findings it waives. */
    finding: z.string(),
    match: exemptionMatchSchema,
    reason: z.string(),
    owner: z.string(),
    until: instantSchema,
    /** Whole days that it still holds; 0 on its last day and afterwards. */
    daysLeft: countSchema,
    ended: z.boolean(),
    /** Findings that it waives at present. With none it may be for nothing. */
    waives: countSchema,
  })
  .meta({ id: "Waiver" });
export type ApiWaiver = z.infer<typeof apiWaiverSchema>;
export const waiversQuerySchema = z.strictObject({ format: z.enum(["json", "csv"]).optional() });
export const waiversPageSchema = z.object({ items: z.array(apiWaiverSchema) });

export const scoreScopeSchema = z.enum(["fleet", "owner", "host"]);
export type ScoreScope = z.infer<typeof scoreScopeSchema>;

const figures = {
  /** 0 to 100; absent where nothing was judged. */
  score: z.int().min(0).max(100).optional(),
  /** Findings that are neither mended nor waived. */
  open: countSchema,
  /** Judgements: one for each thing and check. */
  checked: countSchema,
};

export const apiScoreSchema = z
  .object({
    scope: scoreScopeSchema,
    /** The owner's or the host's; absent for the fleet, and for the things that nobody answers for. */
    name: z.string().optional(),
    ...figures,
    /** The last figures of each day that had some, oldest first. Days are their midnights in UTC. */
    history: z.array(z.object({ day: instantSchema, ...figures })),
  })
  .meta({ id: "ComplianceScore" });
export type ApiScore = z.infer<typeof apiScoreSchema>;

export const scoresQuerySchema = z.strictObject({
  scope: scoreScopeSchema.optional(),
  /** Of an owner, or a host's. */
  name: z.string().optional(),
  /** How far back the history goes. */
  days: queryInteger(1, 400).default(30),
  format: z.enum(["json", "csv"]).optional(),
});
export type ScoresQuery = z.infer<typeof scoresQuerySchema>;
/** All of them on one page. */
export const scoresPageSchema = z.object({ items: z.array(apiScoreSchema) });

const labelsText = z.string().transform((text, context) => {
  const pairs = text.split(",").map((pair) => pair.split(/=(.*)/s).slice(0, 2));
  const labels = Object.fromEntries(pairs.map(([key = "", value = ""]) => [key.trim(), value.trim()]));
  if (!Object.hasOwn(labels, "")) return labels;
  context.addIssue("expected labels such as environment=production,ring=canary");
  return z.NEVER;
});

export const gateQuerySchema = z.strictObject({
  /** A tag, a digest or an id. */
  image: z.string().trim().min(1).max(1_024),
  /** Only by the rules of this policy. */
  policy: z.string().optional(),
  /** Only by policies that select hosts with these labels: `environment=production,ring=canary`. */
  labels: labelsText.optional(),
  /** A rule that cannot be judged refuses unless this says otherwise. */
  allowUnknown: queryFlag.default(false),
});
export type GateQuery = z.output<typeof gateQuerySchema>;

export const gateVerdictSchema = z.enum(["allowed", "waived", "refused", "unknown"]);

/** Whether an image may be run, and every rule that was asked. */
export const apiGateSchema = z
  .object({
    image: z.string(),
    allowed: z.boolean(),
    /** In words, for a log. */
    why: z.string(),
    /** The images of the fleet that the name stands for; empty where no host has one. */
    known: z.array(z.object({ id: z.string(), name: z.string(), hosts: countSchema })),
    rules: z.array(
      z.object({
        policy: z.string(),
        check: z.string(),
        severity: severitySchema,
        /** `unknown`: it could not be judged. `waived`: it would refuse, but for a waiver. */
        verdict: gateVerdictSchema,
        says: z.string().optional(),
      }),
    ),
  })
  .meta({ id: "Gate" });
export type ApiGate = z.infer<typeof apiGateSchema>;
