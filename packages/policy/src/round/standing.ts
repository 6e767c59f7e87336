/**
 * What the rounds of a host go by besides its inventory and the policy, as one value that can leave the host: what was
 * planned there can be planned again elsewhere. Names of repositories are in it, never their secrets.
 */
import type { Instant } from "@shipkeeper/kit";
import {
  countSchema,
  hostLabelsSchema,
  imageIdSchema,
  instantSchema,
  type HostId,
  type HostLabels,
  type Inventory,
} from "@shipkeeper/model";
import * as z from "zod";
import { rungSchema, signSchema } from "../actions/restart/sign.ts";
import { proofSchema } from "../dataset/proof.ts";
import { guardrailsSchema, type Guardrails } from "../guardrails.ts";
import { mapOf } from "./map-of.ts";
import type { Outside } from "./outside.ts";
import type { RoundQuestion } from "./plan-round.ts";
import { NO_SIGNALS, signalsSchema, type Signals } from "./signals.ts";
import type { Ledger } from "./world.ts";

export interface Standing {
  /** The labels that the host goes by, from its own configuration, and its name (`labelsOfHost`). */
  readonly hostLabels: HostLabels;
  readonly ledger: Ledger;
  readonly guardrails: Guardrails;
  /** Why the guardrails file cannot be used. */
  readonly guardrailsProblem?: string | undefined;
  readonly stopFilePresent: boolean;
  /** Repositories that the host's configuration names. */
  readonly repositories: readonly string[];
  /** Containers that the agent itself runs in or started. */
  readonly self: readonly string[];
  /** `ruleKey` → when the rule's last round was. */
  readonly lastRuns: ReadonlyMap<string, Instant>;
  readonly signals: Signals;
}

const attemptSchema = z.object({
  at: instantSchema,
  result: z.enum(["pending", "healed", "failed"]),
  rung: rungSchema.default("restart"),
  sign: signSchema.optional(),
  imageId: imageIdSchema.optional(),
  why: z.literal("unkillable").optional(),
});

const expirySchema = z.object({
  rule: z.string(),
  containerId: z.string(),
  bornAt: instantSchema,
  announcedAt: instantSchema,
  endsAt: instantSchema,
  stopped: z.object({ at: instantSchema, finishedAt: instantSchema }).optional(),
});

/** A line for every field of the ledger. One that agents in the field do not send yet needs a default. */
const ledgerSchema = z.object({
  bornAt: instantSchema,
  restarts: mapOf(z.array(attemptSchema).readonly()),
  lastDay: z.object({
    images: countSchema,
    containers: countSchema,
    volumes: countSchema.default(0),
    networks: countSchema.default(0),
    restarts: countSchema,
  }),
  ruleDays: mapOf(z.object({ items: countSchema, bytes: countSchema })).prefault([]),
  pastImages: mapOf(
    z.array(z.object({ imageId: imageIdSchema, lastRanAt: instantSchema })).readonly(),
  ).prefault([]),
  orphans: z
    .object({ volumes: mapOf(instantSchema), networks: mapOf(instantSchema) })
    .prefault({ volumes: [], networks: [] }),
  restorePoints: z
    .array(
      z.object({
        id: z.string(),
        at: instantSchema,
        repository: z.string(),
        dataset: z.string(),
        bytes: countSchema.optional(),
        rule: z.string().optional(),
        verifiedAt: z.exactOptional(instantSchema),
      }),
    )
    .readonly(),
  proofs: z.array(proofSchema).readonly().default([]),
  expiries: z.array(expirySchema).readonly().default([]),
} satisfies { [Field in keyof Ledger]-?: z.ZodType<Ledger[Field]> });

/** JSON ↔ standing. Guardrails travel in the words of their file, with every default written out. */
export const standingSchema = z.object({
  hostLabels: hostLabelsSchema,
  ledger: ledgerSchema,
  guardrails: guardrailsSchema,
  guardrailsProblem: z.string().optional(),
  stopFilePresent: z.boolean(),
  repositories: z.array(z.string()).readonly(),
  self: z.array(z.string()).readonly(),
  lastRuns: mapOf(instantSchema),
  signals: signalsSchema.prefault(() => z.encode(signalsSchema, NO_SIGNALS)),
} satisfies { [Field in keyof Standing]-?: z.ZodType<Standing[Field]> });

/** The part of a standing that decides about backups. */
export const backupStandingSchema = standingSchema.pick({
  hostLabels: true,
  guardrails: true,
  repositories: true,
  self: true,
});

/** What only the one who asks for a round knows. */
export interface Asked extends Pick<
  RoundQuestion,
  "bundle" | "roundId" | "trigger" | "runNow" | "haltedRevision"
> {
  readonly now: Instant;
  readonly hostId: HostId;
  readonly inventory: Inventory;
  /** What was looked at beyond the host. */
  readonly outside?: Outside | undefined;
}

/** The one way from what a host is to the question that `planRound` answers, on the host and away from it. */
export function roundQuestion(
  { lastRuns, stopFilePresent, guardrailsProblem, ...standing }: Standing,
  { now, hostId, inventory, outside, ...asked }: Asked,
): RoundQuestion {
  const world = { ...standing, now, hostId, inventory, outside };
  return { ...asked, world, lastRuns, stopFilePresent, guardrailsProblem };
}
