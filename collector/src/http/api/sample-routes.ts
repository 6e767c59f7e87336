import { SECOND_MS } from "@shipkeeper/kit";
import { problemSchema, samplesQuerySchema, samplesReplySchema, type ApiSeries } from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { readSeries } from "../../store/series.ts";
import type { Store } from "../../store/store.ts";
import { sendCsv, wantsCsv } from "../list-route.ts";
import { notFound } from "../problem.ts";

export function sampleRoutes({ store }: { store: Store }): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/samples",
      {
        config: { role: "reader" },
        schema: {
          summary: "Readings of one host and its containers over a span",
          querystring: samplesQuerySchema,
          response: { 200: samplesReplySchema, "4xx": problemSchema },
        },
      },
      async (request, reply) => {
        const { host, subject, from, to, metrics, step } = request.query;
        const hostId = store.hosts.idOf(host);
        if (hostId === undefined) throw notFound(`host ${host}`);
        const series = await readSeries(store.samples, {
          hostId,
          from,
          to,
          subject,
          metrics: metrics?.split(","),
          stepMs: step === undefined ? undefined : step * SECOND_MS,
        });
        if (!wantsCsv(request)) return reply.send({ hostId, from, to, series });
        return sendCsv(request, reply, {
          columns: ["subject", "name", "at", "metric", "value"],
          rows: toRows(series),
        });
      },
    );
  };
}

/** One row a value: a table whose columns do not depend on what was sampled. */
function toRows(series: readonly ApiSeries[]): object[] {
  return series.flatMap(({ subject, name, times, columns }) =>
    Object.entries(columns).flatMap(([metric, values]) =>
      values.map((value, place) => ({ subject, name, at: times[place], metric, value })),
    ),
  );
}
