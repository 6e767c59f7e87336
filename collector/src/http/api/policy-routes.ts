import type { Clock } from "@shipkeeper/kit";
import {
  MOST_BUNDLE_BYTES,
  apiPolicyDetailSchema,
  apiPolicyRevisionSchema,
  haltPolicySchema,
  policiesQuerySchema,
  policyPushReplySchema,
  problemSchema,
  signedBundleSchema,
  type ApiPolicyDetail,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { PolicyDesk } from "../../policies/policy-desk.ts";
import type { Store } from "../../store/store.ts";
import { itemRoute } from "../item-route.ts";
import { listRoute } from "../list-route.ts";
import { actorName } from "../people-auth.ts";
import { notFound } from "../problem.ts";

export interface PolicyRoutesDeps {
  readonly store: Store;
  readonly policyDesk: PolicyDesk;
  readonly now: Clock;
}

/** The payload is JSON inside JSON: each of its quotes takes two bytes. */
const MOST_PUSH_BYTES = 2 * MOST_BUNDLE_BYTES;

const revisionParams = z.object({ revision: z.coerce.number().int().min(1) });

export function policyRoutes({ store, policyDesk, now }: PolicyRoutesDeps): FastifyPluginAsyncZod {
  async function withRollout(revision: number): Promise<ApiPolicyDetail | undefined> {
    const detail = await store.policies.find(revision);
    const rollout = policyDesk.progressOf(revision);
    return detail === undefined || rollout === undefined ? undefined : { ...detail, rollout };
  }

  return async (app) => {
    listRoute(app, {
      url: "/policies",
      summary: "Revisions of the policy bundle, newest first",
      query: policiesQuerySchema,
      item: apiPolicyRevisionSchema,
      read: (query) => store.policies.list(query),
    });

    itemRoute(app, {
      url: "/policies/current",
      summary: "The bundle in force",
      params: z.object({}),
      item: apiPolicyDetailSchema,
      read: async () => {
        const revision = store.policies.inForce()?.bundle.revision;
        return revision === undefined ? undefined : withRollout(revision);
      },
      what: () => "a policy (none was pushed yet)",
    });

    itemRoute(app, {
      url: "/policies/:revision",
      summary: "One revision with its content, its signature, and how far its rollout has come",
      params: revisionParams,
      item: apiPolicyDetailSchema,
      read: ({ revision }) => withRollout(revision),
      what: ({ revision }) => `policy revision ${revision}`,
    });

    app.post(
      "/policies",
      {
        bodyLimit: MOST_PUSH_BYTES,
        config: { role: "operator" },
        schema: {
          summary: "Push a signed bundle: agents get it at once, or as its rollout says",
          body: signedBundleSchema,
          response: { 201: policyPushReplySchema, "4xx": problemSchema },
        },
      },
      async (request, reply) =>
        reply.code(201).send(policyDesk.push(request.body, { at: now(), by: actorName(request) })),
    );

    app.post(
      "/policies/:revision/halt",
      {
        config: { role: "operator" },
        schema: {
          summary: "Halt a revision: no other host gets it, and those that have it only observe",
          params: revisionParams,
          body: haltPolicySchema,
          response: { 200: apiPolicyDetailSchema, "4xx": problemSchema },
        },
      },
      async (request, reply) => {
        const { revision } = request.params;
        const { reason } = request.body;
        policyDesk.halt(revision, { at: now(), by: actorName(request), reasons: [reason] });
        const halted = await withRollout(revision);
        if (halted === undefined) throw notFound(`policy revision ${revision}`);
        return reply.send(halted);
      },
    );
  };
}
