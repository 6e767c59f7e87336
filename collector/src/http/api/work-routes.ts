/** What the agents planned, did and told of. */
import {
  apiDrillDetailSchema,
  apiDrillSchema,
  apiEventSchema,
  apiRepositorySchema,
  apiRestorePointSchema,
  apiRoundDetailSchema,
  apiRoundSchema,
  apiRunDetailSchema,
  apiRunSchema,
  apiVerificationSchema,
  drillsQuerySchema,
  eventsQuerySchema,
  repositoriesQuerySchema,
  restorePointsQuerySchema,
  roundsQuerySchema,
  runsQuerySchema,
  verificationsQuerySchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Store } from "../../store/store.ts";
import { itemRoute } from "../item-route.ts";
import { listRoute } from "../list-route.ts";

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

    itemRoute(app, {
      url: "/rounds/:id",
      summary: "One round with every verdict and its reason in words",
      params: idParams,
      item: apiRoundDetailSchema,
      read: ({ id }) => store.rounds.find(id),
      what: ({ id }) => `round ${id}`,
    });

    listRoute(app, {
      url: "/runs",
      summary: "Runs of all hosts, newest first",
      query: runsQuerySchema,
      item: apiRunSchema,
      read: (query) => store.runs.list(query),
    });

    itemRoute(app, {
      url: "/runs/:id",
      summary: "One run with the verdicts of its plan and the outcome of its steps",
      params: idParams,
      item: apiRunDetailSchema,
      read: ({ id }) => store.runs.find(id),
      what: ({ id }) => `run ${id}`,
    });

    listRoute(app, {
      url: "/repositories",
      summary: "Backup repositories of all hosts, and what is wrong with them",
      query: repositoriesQuerySchema,
      item: apiRepositorySchema,
      read: (query) => store.repositories.list(query),
    });

    listRoute(app, {
      url: "/restore-points",
      summary: "Restore points, newest first",
      query: restorePointsQuerySchema,
      item: apiRestorePointSchema,
      read: (query) => store.restorePoints.list(query),
    });

    listRoute(app, {
      url: "/drills",
      summary: "Test restores of all hosts, newest first",
      query: drillsQuerySchema,
      item: apiDrillSchema,
      read: (query) => store.drills.list(query),
    });

    itemRoute(app, {
      url: "/drills/:id",
      summary: "One test restore with the receipt that its host signed",
      params: idParams,
      item: apiDrillDetailSchema,
      read: ({ id }) => store.drills.find(id),
      what: ({ id }) => `drill ${id}`,
    });

    listRoute(app, {
      url: "/verifications",
      summary: "How far backups are proven: each rung of each repository and dataset",
      query: verificationsQuerySchema,
      item: apiVerificationSchema,
      read: (query) => store.verifications.list(query),
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
