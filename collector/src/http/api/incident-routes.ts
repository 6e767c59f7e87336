/** What fell ill, and what became of it. */
import { apiIncidentSchema, incidentsQuerySchema } from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Store } from "../../store/store.ts";
import { itemRoute } from "../item-route.ts";
import { listRoute } from "../list-route.ts";

export function incidentRoutes({ store }: { store: Store }): FastifyPluginAsyncZod {
  return async (app) => {
    listRoute(app, {
      url: "/incidents",
      summary: "Incidents of all hosts, newest first",
      query: incidentsQuerySchema,
      item: apiIncidentSchema,
      read: (query) => store.incidents.list(query),
    });

    itemRoute(app, {
      url: "/incidents/:id",
      summary: "One incident",
      params: z.object({ id: z.string() }),
      item: apiIncidentSchema,
      read: ({ id }) => store.incidents.find(id),
      what: ({ id }) => `incident ${id}`,
    });
  };
}
