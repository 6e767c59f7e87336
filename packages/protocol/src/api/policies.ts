import { countSchema, instantSchema } from "@shipkeeper/model";
import { policyBundleSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { signedBundleSchema } from "../signed-bundle.ts";
import { listQuery, pageOf } from "./page.ts";

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
    /** The newest revision: what agents get. */
    current: z.boolean(),
    /** Hosts that report to go by it. */
    hosts: countSchema,
  })
  .meta({ id: "PolicyRevision" });
export type ApiPolicyRevision = z.infer<typeof apiPolicyRevisionSchema>;

/** With its content, and the signed text itself so that anybody can check it again. */
export const apiPolicyDetailSchema = z
  .object({ ...apiPolicyRevisionSchema.shape, bundle: policyBundleSchema, signed: signedBundleSchema })
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
