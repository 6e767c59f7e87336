/** How much of the time things were up, and how sickness went. */
import { DAY_MS, type Clock } from "@shipkeeper/kit";
import {
  apiAvailabilitySchema,
  apiHealingSchema,
  availabilityQuerySchema,
  healingQuerySchema,
  problemSchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { healingFigures } from "../../figures/healing-figures.ts";
import { openAvailability } from "../../figures/list-availability.ts";
import type { Store } from "../../store/store.ts";
import { listRoute } from "../list-route.ts";

export function figureRoutes({ store, now }: { store: Store; now: Clock }): FastifyPluginAsyncZod {
  const listAvailability = openAvailability({ store, now });
  return async (app) => {
    listRoute(app, {
      url: "/availability",
      summary: "How much of the time containers, services or hosts were up, the worst first",
      query: availabilityQuerySchema,
      item: apiAvailabilitySchema,
      read: listAvailability,
    });

    app.get(
      "/healing",
      {
        config: { role: "reader" },
        schema: {
          summary: "How fast sickness was seen and mended, how often, and of what",
          querystring: healingQuerySchema,
          response: { 200: apiHealingSchema, "4xx": problemSchema },
        },
      },
      async ({ query: { days, host, owner } }) => {
        const at = now();
        const since = at - days * DAY_MS;
        const wanted = host === undefined ? undefined : store.hosts.idOf(host);
        const nameOf = new Map(store.availability.hosts().map(({ id, hostname }) => [id, hostname]));
        const facts = store.incidents.detectedSince(since).flatMap(({ hostId, incident }) => {
          const isMeant =
            (host === undefined || hostId === wanted) && (owner === undefined || incident.owner === owner);
          const name = nameOf.get(hostId);
          return isMeant && name !== undefined ? [{ host: name, incident }] : [];
        });
        return healingFigures(facts, { since, at });
      },
    );
  };
}
