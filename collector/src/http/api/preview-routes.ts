/** What a policy would do, asked before it is pushed. */
import type { Clock, Instant } from "@shipkeeper/kit";
import { formatProblem, parsePolicy, type Policy } from "@shipkeeper/policy";
import {
  MOST_PREVIEW_BYTES,
  policyPreviewQuerySchema,
  policyPreviewRequestSchema,
  policyPreviewSchema,
  problemSchema,
  type PolicyPreviewRequest,
} from "@shipkeeper/protocol";
import type { FastifyReply } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { PreviewDesk } from "../../preview/preview-desk.ts";
import type { Store } from "../../store/store.ts";
import { Refusal, notFound } from "../problem.ts";

export interface PreviewRoutesDeps {
  readonly store: Pick<Store, "hosts">;
  readonly previewDesk: PreviewDesk;
  readonly now: Clock;
}

export function previewRoutes({ store, previewDesk, now }: PreviewRoutesDeps): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      "/policies/preview",
      {
        bodyLimit: MOST_PREVIEW_BYTES,
        config: { role: "reader" },
        schema: {
          summary: "What a policy would do to the fleet, and what that changes; nothing is enforced",
          querystring: policyPreviewQuerySchema,
          body: policyPreviewRequestSchema,
          response: { 200: policyPreviewSchema, "4xx": problemSchema },
        },
      },
      async ({ query: { host, owner, explain, limit }, body }, reply) => {
        if (explain === true && host === undefined)
          throw new Refusal(
            400,
            "invalid_input",
            "`explain` tells every verdict on one host: name it, `host=`",
          );
        const hostId = host === undefined ? undefined : store.hosts.idOf(host);
        if (host !== undefined && hostId === undefined) throw notFound(`host ${host}`);
        const policies = policiesOf(body, now());
        const signal = signalOf(reply);
        return previewDesk.preview({ policies, hostId, owner, explain, limit, signal });
      },
    );
  };
}

/** Throws where the files have mistakes, each told with its place, or where two policies have one name. */
function policiesOf({ policies, files }: PolicyPreviewRequest, now: Instant): readonly Policy[] {
  if (policies !== undefined) {
    const names = policies.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) return policies;
    throw new Refusal(422, "policy_invalid", `two policies are named ${twice}`);
  }
  const parsed = parsePolicy(files ?? [], { now });
  if (parsed.problems.length === 0) return parsed.policies;
  const problems = parsed.problems.map(formatProblem);
  throw new Refusal(422, "policy_invalid", `the policies have ${problems.length} mistakes`, { problems });
}

/** Aborts when the one who asked has gone, or has the answer. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once("close", () => gone.abort());
  return gone.signal;
}
