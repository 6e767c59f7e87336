/** What the agents planned, did and told of. */
import {
  apiEventSchema,
  apiRestorePointSchema,
  apiRoundDetailSchema,
  apiRoundSchema,
  apiRunDetailSchema,
  apiRunSchema,
  eventsQuerySchema,
  problemSchema,
  restorePointsQuerySchema,
  roundsQuerySchema,
  runsQuerySchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Store } from "../../store/store.ts";
import { listRoute } from "../list-route.ts";
import { notFound } from "../problem.ts";

const idParams = z.object({ id: z.string() });

export function workRoutes({ store }: { store: Store }): FastifyPluginAsyncZod {
  return async (app) => {
    listRoute(app, {
      url: "/rounds",
      summary: "Rounds of all hosts, newest first",
      query: roundsQuerySchema,
      item: apiRoundSchema,
      read: (query) => store.rounds.list(query),
    });

    app.get(
      "/rounds/:id",
      {
        config: { role: "reader" },
        schema: {
          summary: "One round with every verdict and its reason in words",
          params: idParams,
          response: { 200: apiRoundDetailSchema, "4xx": problemSchema },
        },
      },
      async ({ params }) => {
        const round = await store.rounds.find(params.id);
        if (round === undefined) throw notFound(`round ${params.id}`);
        return round;
      },
    );

    listRoute(app, {
      url: "/runs",
      summary: "Runs of all hosts, newest first",
      query: runsQuerySchema,
      item: apiRunSchema,
      read: (query) => store.runs.list(query),
    });

    app.get(
      "/runs/:id",
      {
        config: { role: "reader" },
        schema: {
          summary: "One run with the verdicts of its plan and the outcome of its steps",
          params: idParams,
          response: { 200: apiRunDetailSchema, "4xx": problemSchema },
        },
      },
      async ({ params }) => {
        const run = await store.runs.find(params.id);
        if (run === undefined) throw notFound(`run ${params.id}`);
        return run;
      },
    );

    listRoute(app, {
      url: "/restore-points",
      summary: "Restore points, newest first",
      query: restorePointsQuerySchema,
      item: apiRestorePointSchema,
      read: (query) => store.restorePoints.list(query),
    });

    listRoute(app, {
      url: "/events",
      summary: "Events, troubles and declared drops, newest first",
      query: eventsQuerySchema,
      item: apiEventSchema,
      read: (query) => store.events.list(query),
    });
  };
}
