/** What the hosts are and hold. */
import type { Clock } from "@shipkeeper/kit";
import {
  apiContainerSchema,
  apiHostDetailSchema,
  apiHostSchema,
  apiImageSchema,
  apiLogHourSchema,
  apiLogSchema,
  apiOwnerSchema,
  apiVolumeSchema,
  containersQuerySchema,
  hostsQuerySchema,
  imagesQuerySchema,
  logHoursQuerySchema,
  logsQuerySchema,
  ownersQuerySchema,
  problemSchema,
  volumesQuerySchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Store } from "../../store/store.ts";
import { itemRoute } from "../item-route.ts";
import { listRoute } from "../list-route.ts";
import { notFound } from "../problem.ts";

export function inventoryRoutes({ store, now }: { store: Store; now: Clock }): FastifyPluginAsyncZod {
  return async (app) => {
    listRoute(app, {
      url: "/hosts",
      summary: "Hosts, and how each is",
      query: hostsQuerySchema,
      item: apiHostSchema,
      read: (query) => store.hosts.list(query, now()),
    });

    itemRoute(app, {
      url: "/hosts/:host",
      summary: "One host, by its id or its name",
      params: z.object({ host: z.string() }),
      item: apiHostDetailSchema,
      read: ({ host }) => store.hosts.find(host, now()),
      what: ({ host }) => `host ${host}`,
    });

    app.post(
      "/hosts/:host/revoke",
      {
        config: { role: "operator" },
        schema: {
          summary: "Believe nothing any more that this host's key signs",
          params: z.object({ host: z.string() }),
          response: { 200: apiHostDetailSchema, "4xx": problemSchema },
        },
      },
      async ({ params }) => {
        const host = await store.hosts.find(params.host, now());
        if (host === undefined) throw notFound(`host ${params.host}`);
        store.hosts.revoke(host.id, now());
        return { ...host, state: "revoked" as const };
      },
    );

    listRoute(app, {
      url: "/containers",
      summary: "Containers of all hosts",
      query: containersQuerySchema,
      item: apiContainerSchema,
      read: (query) => store.containers.list(query),
    });

    listRoute(app, {
      url: "/images",
      summary: "The image caches of all hosts",
      query: imagesQuerySchema,
      item: apiImageSchema,
      read: (query) => store.images.list(query, now()),
    });

    listRoute(app, {
      url: "/volumes",
      summary: "Volumes of all hosts",
      query: volumesQuerySchema,
      item: apiVolumeSchema,
      read: (query) => store.volumes.list(query),
    });

    listRoute(app, {
      url: "/logs",
      summary:
        "The log of every container: how it is kept, how much is written, what was found in it, bursts",
      query: logsQuerySchema,
      item: apiLogSchema,
      read: (query) => store.logs.list(query),
    });

    listRoute(app, {
      url: "/logs/hours",
      summary: "What containers logged, hour by hour for 30 days, newest first",
      query: logHoursQuerySchema,
      item: apiLogHourSchema,
      read: (query) => store.logs.hours(query),
    });

    listRoute(app, {
      url: "/owners",
      summary: "Who answers for how much",
      query: ownersQuerySchema,
      item: apiOwnerSchema,
      read: async () => ({ items: await store.owners.list() }),
    });
  };
}
