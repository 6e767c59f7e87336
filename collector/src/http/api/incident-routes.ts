/** What fell ill and what became of it, and what people must know of. */
import type { Clock } from "@shipkeeper/kit";
import {
  acknowledgeAlertSchema,
  alertsQuerySchema,
  apiAlertSchema,
  apiIncidentSchema,
  incidentsQuerySchema,
  problemSchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Store } from "../../store/store.ts";
import { itemRoute } from "../item-route.ts";
import { listRoute } from "../list-route.ts";
import { actorName } from "../people-auth.ts";
import { notFound } from "../problem.ts";

const idParams = z.object({ id: z.string() });

export function incidentRoutes({ store, now }: { store: Store; now: Clock }): FastifyPluginAsyncZod {
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
      params: idParams,
      item: apiIncidentSchema,
      read: ({ id }) => store.incidents.find(id),
      what: ({ id }) => `incident ${id}`,
    });

    listRoute(app, {
      url: "/alerts",
      summary: "What people must know of, the worst first",
      query: alertsQuerySchema,
      item: apiAlertSchema,
      read: (query) => store.alerts.list(query, now()),
    });

    app.post(
      "/alerts/:id/acknowledge",
      {
        config: { role: "operator" },
        schema: {
          summary: "Take an alert on; the first to do so counts",
          params: idParams,
          body: acknowledgeAlertSchema,
          response: { 200: apiAlertSchema, "4xx": problemSchema },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { by = actorName(request), note } = request.body;
        store.alerts.acknowledge(id, { at: now(), by, note });
        const alert = await store.alerts.find(id, now());
        if (alert === undefined) throw notFound(`alert ${id}`);
        return reply.send(alert);
      },
    );
  };
}
