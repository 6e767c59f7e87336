/** How much of the time things were up. */
import type { Clock } from "@shipkeeper/kit";
import { apiAvailabilitySchema, availabilityQuerySchema } from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { openAvailability } from "../../availability/list-availability.ts";
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
  };
}
