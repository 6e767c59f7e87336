/** The fleet report for people and programs, and the button that mails it. */
import { DAY_MS, type Clock } from "@shipkeeper/kit";
import {
  fleetReportQuerySchema,
  fleetReportSchema,
  problemSchema,
  sendReportsReplySchema,
  sendReportsSchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { cutToOwner, type GatherFacts } from "./fleet-facts.ts";
import { fleetReport } from "./fleet-report.ts";
import { renderCsv } from "./render-csv.ts";
import { REPORT_CONTENT_POLICY, renderHtml } from "./render-html.ts";
import { renderText } from "./render-text.ts";
import type { ReportMail } from "./report-mail.ts";

export interface ReportRoutesDeps {
  readonly gather: GatherFacts;
  readonly mail: Pick<ReportMail, "sendNow">;
  readonly now: Clock;
}

export function reportRoutes({ gather, mail, now }: ReportRoutesDeps): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/reports/fleet",
      {
        config: { role: "reader" },
        schema: {
          summary: "The fleet report, or one owner's part of it, as JSON, a page, text, or a table of images",
          querystring: fleetReportQuerySchema,
          response: { 200: fleetReportSchema, "4xx": problemSchema },
        },
      },
      async ({ query: { format, owner, days } }, reply) => {
        const at = now();
        const all = await gather(at - days * DAY_MS, at);
        const facts = owner === undefined ? all : cutToOwner(all, owner);
        if (format === "csv")
          return reply.type("text/csv; charset=utf-8; header=present").send(renderCsv(facts, at) as never);

        const report = fleetReport(facts, at);
        if (format === "text")
          return reply.type("text/plain; charset=utf-8").send(renderText(report) as never);
        if (format === "json") return reply.send(report);
        return reply
          .header("content-security-policy", `${REPORT_CONTENT_POLICY}; frame-ancestors 'none'`)
          .type("text/html; charset=utf-8")
          .send(renderHtml(report) as never);
      },
    );

    app.post(
      "/reports/send",
      {
        config: { role: "operator" },
        schema: {
          summary: "Mail the report now, to every owner with an address or to one",
          body: sendReportsSchema,
          response: { 202: sendReportsReplySchema, "4xx": problemSchema },
        },
      },
      async ({ body }, reply) => reply.code(202).send({ queued: await mail.sendNow(body.to) }),
    );
  };
}
