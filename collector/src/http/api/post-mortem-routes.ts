/** Post-mortems: the list that people search, and each as data, a page or text. */
import {
  apiPostMortemDetailSchema,
  apiPostMortemSchema,
  postMortemFormatSchema,
  postMortemsQuerySchema,
  problemSchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import { listRoute } from "../list-route.ts";
import { notFound } from "../problem.ts";
import type { Store } from "../../store/store.ts";
import { REPORT_CONTENT_POLICY } from "../../reports/render-html.ts";
import { renderPostMortemPage } from "../../reports/post-mortem/render-page.ts";
import { renderPostMortemText } from "../../reports/post-mortem/render-text.ts";
import { tellStory } from "../../reports/post-mortem/story.ts";

export function postMortemRoutes({ store }: { store: Pick<Store, "postMortems"> }): FastifyPluginAsyncZod {
  return async (app) => {
    listRoute(app, {
      url: "/post-mortems",
      summary: "What was to be seen of containers before a restart or after an unexpected end, newest first",
      query: postMortemsQuerySchema,
      item: apiPostMortemSchema,
      read: (query) => store.postMortems.list(query),
    });

    app.get(
      "/post-mortems/:id",
      {
        config: { role: "reader" },
        schema: {
          summary:
            "One post-mortem with its evidence and what happened in plain words, as JSON, a page or text",
          params: z.object({ id: z.string() }),
          querystring: postMortemFormatSchema,
          response: { 200: apiPostMortemDetailSchema, "4xx": problemSchema },
        },
      },
      async ({ params: { id }, query: { format } }, reply) => {
        const known = await store.postMortems.find(id);
        if (known === undefined) throw notFound(`post-mortem ${id}`);
        const told = { ...known, ...tellStory(known) };
        if (format === "json") return reply.send(told);
        if (format === "text")
          return reply.type("text/plain; charset=utf-8").send(renderPostMortemText(told) as never);
        return reply
          .header("content-security-policy", `${REPORT_CONTENT_POLICY}; frame-ancestors 'none'`)
          .type("text/html; charset=utf-8")
          .send(renderPostMortemPage(told) as never);
      },
    );
  };
}
