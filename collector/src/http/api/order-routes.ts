import type { Clock } from "@shipkeeper/kit";
import {
  MOST_ORDER_BYTES,
  apiOrderSchema,
  ordersQuerySchema,
  problemSchema,
  signedOrderSchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { OrderDesk } from "../../orders/order-desk.ts";
import type { Store } from "../../store/store.ts";
import { itemRoute } from "../item-route.ts";
import { listRoute } from "../list-route.ts";
import { actorName } from "../people-auth.ts";
import { notFound } from "../problem.ts";

export interface OrderRoutesDeps {
  readonly store: Store;
  readonly orderDesk: OrderDesk;
  readonly now: Clock;
}

/** The payload is JSON inside JSON, and the envelope has its own few bytes. */
const MOST_POST_BYTES = 2 * MOST_ORDER_BYTES + 4_096;

export function orderRoutes({ store, orderDesk, now }: OrderRoutesDeps): FastifyPluginAsyncZod {
  return async (app) => {
    listRoute(app, {
      url: "/orders",
      summary: "What operators ordered single hosts to do, newest first",
      query: ordersQuerySchema,
      item: apiOrderSchema,
      read: (query) => store.orders.list(query, now),
    });

    itemRoute(app, {
      url: "/orders/:id",
      summary: "One order and what became of it",
      params: z.object({ id: z.string() }),
      item: apiOrderSchema,
      read: ({ id }) => store.orders.find(id, now()),
      what: ({ id }) => `order ${id}`,
    });

    app.post(
      "/orders",
      {
        bodyLimit: MOST_POST_BYTES,
        config: { role: "operator" },
        schema: {
          summary: "Hand an order, signed by a policy key, to the host that it is for",
          body: signedOrderSchema,
          response: { 201: apiOrderSchema, "4xx": problemSchema },
        },
      },
      async (request, reply) => {
        const { id } = orderDesk.post(request.body, { at: now(), by: actorName(request) });
        const posted = await store.orders.find(id, now());
        if (posted === undefined) throw notFound(`order ${id}`);
        return reply.code(201).send(posted);
      },
    );
  };
}
