import { countSchema, instantSchema } from "@shipkeeper/model";
import { policyBundleSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { signedBundleSchema } from "../signed-bundle.ts";
import { listQuery, pageOf } from "./page.ts";

/**
 * `running`: it goes from ring to ring. `done`: every host may have it, and the last ring has baked. `superseded`: a newer
 * revision came before that. `halted`: no other host gets it, and those that have it only observe.
 */
export const rolloutStateSchema = z.enum(["running", "done", "superseded", "halted"]);
export type RolloutState = z.infer<typeof rolloutStateSchema>;

export const apiRolloutSchema = z
  .object({
    state: rolloutStateSchema,
    rings: z.array(
      z.object({
        name: z.string(),
        /** How long it has the revision before the next ring gets it. */
        bakeMs: countSchema,
        /** Whether it may have the revision. */
        reached: z.boolean(),
        hosts: countSchema,
        /** Hosts that report to go by it, or by a later one. */
        inForce: countSchema,
        silent: countSchema,
      }),
    ),
    /** What keeps a running rollout from its next ring, in words. */
    waitsFor: z.string().optional(),
    halted: z.object({ at: instantSchema, by: z.string(), reasons: z.array(z.string()) }).optional(),
  })
  .meta({ id: "Rollout" });
export type ApiRollout = z.infer<typeof apiRolloutSchema>;

export const haltPolicySchema = z.strictObject({
  /** Why, for whoever wonders. */
  reason: z.string().min(1).max(500),
});

export const apiPolicyRevisionSchema = z
  .object({
    revision: z.int(),
    /** Names of the policies in it. */
    policies: z.array(z.string()),
    issuedAt: instantSchema,
    expiresAt: instantSchema,
    pushedAt: instantSchema,
    /** Name of the token that pushed it. */
    pushedBy: z.string(),
    keyFingerprint: z.string(),
    /** Fingerprints of the keys that may sign from then on; absent where it leaves that as it was. */
    keys: z.array(z.string()).optional(),
    /** The newest revision that was not halted: what agents get, ring by ring. */
    current: z.boolean(),
    rolloutState: rolloutStateSchema,
    /** Hosts that report to go by it. */
    hosts: countSchema,
  })
  .meta({ id: "PolicyRevision" });
export type ApiPolicyRevision = z.infer<typeof apiPolicyRevisionSchema>;

/** With its content, and the signed text itself so that anybody can check it again. */
export const apiPolicyDetailSchema = z
  .object({
    ...apiPolicyRevisionSchema.shape,
    bundle: policyBundleSchema,
    signed: signedBundleSchema,
    rollout: apiRolloutSchema,
  })
  .meta({ id: "PolicyDetail" });
export type ApiPolicyDetail = z.infer<typeof apiPolicyDetailSchema>;

export const policiesQuerySchema = listQuery({ sorts: ["revision"], order: "-revision" }, {});
export type PoliciesQuery = z.infer<typeof policiesQuerySchema>;
export const policiesPageSchema = pageOf(apiPolicyRevisionSchema);

export const policyPushReplySchema = z.object({
  revision: z.int(),
  keyFingerprint: z.string(),
  /** The collector trusted no key before and from now on trusts this one alone. */
  keyTrustedByThisPush: z.boolean(),
});
export type PolicyPushReply = z.infer<typeof policyPushReplySchema>;
