/** What should not be so, what is accepted for a while, and how far everything is as the policies want it. */
import { DAY_MS, type Clock } from "@shipkeeper/kit";
import {
  apiCoverageSchema,
  apiFindingSchema,
  apiGateSchema,
  apiObjectiveSchema,
  apiScoreSchema,
  apiWaiverSchema,
  coverageQuerySchema,
  findingsQuerySchema,
  gateQuerySchema,
  objectivesQuerySchema,
  problemSchema,
  scoresQuerySchema,
  waiversQuerySchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { askGate } from "../../compliance/gate.ts";
import { listWaivers } from "../../compliance/waivers.ts";
import type { Store } from "../../store/store.ts";
import { listRoute } from "../list-route.ts";
import { notFound } from "../problem.ts";

export function complianceRoutes({ store, now }: { store: Store; now: Clock }): FastifyPluginAsyncZod {
  return async (app) => {
    listRoute(app, {
      url: "/findings",
      summary: "What should not be so, the worst first",
      query: findingsQuerySchema,
      item: apiFindingSchema,
      read: (query) => store.findings.list(query, now()),
    });

    listRoute(app, {
      url: "/waivers",
      summary: "Waivers of the policies in force, and what they waive",
      query: waiversQuerySchema,
      item: apiWaiverSchema,
      read: async () => ({ items: await listWaivers(store, now()) }),
    });

    listRoute(app, {
      url: "/compliance",
      summary: "Scores of the fleet, of owners and of hosts, with their history",
      query: scoresQuerySchema,
      item: apiScoreSchema,
      read: async ({ days, scope, name }) => ({
        items: store.judgements.scores({ since: now() - (days - 1) * DAY_MS, scope, name }),
      }),
    });

    listRoute(app, {
      url: "/coverage",
      summary: "Which volumes and folders are backed up, which are not, and why",
      query: coverageQuerySchema,
      item: apiCoverageSchema,
      read: (query) => store.coverage.list(query),
    });

    listRoute(app, {
      url: "/objectives",
      summary: "How much data would be lost, and how long having it back takes, against what was agreed",
      query: objectivesQuerySchema,
      item: apiObjectiveSchema,
      read: (query) => store.objectives.list(query, now()),
    });

    app.get(
      "/gate",
      {
        config: { role: "reader" },
        schema: {
          summary: "Whether an image may be run, and by which rules",
          querystring: gateQuerySchema,
          response: { 200: apiGateSchema, "4xx": problemSchema },
        },
      },
      async ({ query }) => {
        const answer = await askGate(store, query, now());
        if (answer === undefined) throw notFound(`policy ${query.policy}`);
        return answer;
      },
    );
  };
}
