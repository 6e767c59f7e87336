/** Builds the HTTP server: what guards every request, then the routes of agents, of people, and of machines that watch. */
import compress from "@fastify/compress";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import { MINUTE_MS, SECOND_MS, type Clock } from "@shipkeeper/kit";
import { REQUEST_HEADERS } from "@shipkeeper/protocol";
import { VERSION, type Logger } from "@shipkeeper/runtime";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { agentRoutes } from "./http/agent-routes.ts";
import { complianceRoutes } from "./http/api/compliance-routes.ts";
import { incidentRoutes } from "./http/api/incident-routes.ts";
import { figureRoutes } from "./http/api/figure-routes.ts";
import { inventoryRoutes } from "./http/api/inventory-routes.ts";
import { orderRoutes } from "./http/api/order-routes.ts";
import { policyRoutes } from "./http/api/policy-routes.ts";
import { previewRoutes } from "./http/api/preview-routes.ts";
import { sampleRoutes } from "./http/api/sample-routes.ts";
import { tokenRoutes } from "./http/api/token-routes.ts";
import { workRoutes } from "./http/api/work-routes.ts";
import { healthRoutes } from "./http/health-routes.ts";
import { homeRoutes } from "./http/home-routes.ts";
import { createMetrics, metricsRoutes } from "./http/metrics.ts";
import { describeApi, openApiRoute } from "./http/openapi.ts";
import { guardRoutes } from "./http/people-auth.ts";
import { notFound, problemHandler, sendProblem, toProblem } from "./http/problem.ts";
import type { Ingest } from "./ingest/ingest.ts";
import type { OrderDesk } from "./orders/order-desk.ts";
import type { PolicyDesk } from "./policies/policy-desk.ts";
import type { PreviewDesk } from "./preview/preview-desk.ts";
import { postMortemRoutes } from "./http/api/post-mortem-routes.ts";
import type { GatherFacts } from "./reports/fleet-facts.ts";
import { reportRoutes } from "./reports/report-routes.ts";
import type { ReportMail } from "./reports/report-mail.ts";
import type { Store } from "./store/store.ts";

export interface AppDeps {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly policyDesk: PolicyDesk;
  readonly orderDesk: OrderDesk;
  readonly previewDesk: PreviewDesk;
  readonly gather: GatherFacts;
  readonly reportMail: Pick<ReportMail, "sendNow">;
  readonly now: Clock;
  readonly log: Logger;
  /** Whether people reach it by https. */
  readonly secure: boolean;
}

const MOST_BODY_BYTES = 256 * 2 ** 10;
/** By then a request has arrived whole or is given up; the answer of a long poll may take longer. */
const REQUEST_TIMEOUT_MS = 30 * SECOND_MS;
/** An agent that drains a long outage sends a few batches a second. */
const MOST_REQUESTS_A_MINUTE = 1_200;

export async function buildApp({
  store,
  ingest,
  policyDesk,
  orderDesk,
  previewDesk,
  gather,
  reportMail,
  now,
  log,
  secure,
}: AppDeps): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: MOST_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: "idle",
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, toProblem(error)),
  }).withTypeProvider<ZodTypeProvider>();
  const metrics = createMetrics({ store, now });
  const handleError = problemHandler(log);

  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    metrics.countRefusal(toProblem(error).code);
    return handleError(error, request, reply);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { url: route = "unknown" } = request.routeOptions;
    if (route === LONG_POLL) return;
    metrics.observeRequest({
      route,
      method: request.method,
      status: reply.statusCode,
      seconds: reply.elapsedTime / SECOND_MS,
    });
  });

  await app.register(helmet, securityHeaders(secure));
  await app.register(rateLimit, {
    max: MOST_REQUESTS_A_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: callerOf,
  });
  // Requests stay as they travelled: agents sign them compressed, and `unpackFrame` bounds what they unpack to.
  await app.register(compress, { globalDecompression: false, threshold: 2_048 });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request) => {
    throw notFound(`${request.method} ${request.url.split("?")[0]}`);
  });
  await describeApi(app, { version: VERSION });

  await app.register(agentRoutes({ store, ingest, policyDesk, metrics, now }), { prefix: "/agent/v1" });
  await app.register(
    async (api) => {
      guardRoutes(api, { tokens: store.apiTokens, now });
      await api.register(inventoryRoutes({ store, now }));
      await api.register(sampleRoutes({ store }));
      await api.register(workRoutes({ store }));
      await api.register(incidentRoutes({ store, now }));
      await api.register(complianceRoutes({ store, now }));
      await api.register(figureRoutes({ store, now }));
      await api.register(policyRoutes({ store, policyDesk, now }));
      await api.register(orderRoutes({ store, orderDesk, now }));
      await api.register(previewRoutes({ store, previewDesk, now }));
      await api.register(tokenRoutes({ store, now }));
      await api.register(postMortemRoutes({ store }));
      await api.register(reportRoutes({ gather, mail: reportMail, now }));
    },
    { prefix: "/api/v1" },
  );
  openApiRoute(app);
  await app.register(homeRoutes({ tokens: store.apiTokens, now, secure, landing: LANDING }));
  await app.register(healthRoutes({ store }));
  await app.register(metricsRoutes(metrics));
  return app;
}

const LONG_POLL = "/agent/v1/policy";
const LANDING = "/api/v1/reports/fleet?format=html";

/** One limit for each host and each token, so that one of them cannot use up another's. */
function callerOf({ ip, headers }: FastifyRequest): string {
  const host = headers[REQUEST_HEADERS.host];
  const tokenId = /skt_([0-9a-f]{16})_/.exec(headers.authorization ?? headers.cookie ?? "")?.[1];
  return [ip, typeof host === "string" ? host.slice(0, 36) : "", tokenId ?? ""].join(" ");
}

function securityHeaders(secure: boolean) {
  const none = ["'none'"];
  return {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: none,
        baseUri: none,
        frameAncestors: none,
        // On plain http it would make browsers ask for everything by https, where nobody answers.
        upgradeInsecureRequests: secure ? [] : null,
      },
    },
    strictTransportSecurity: secure,
    referrerPolicy: { policy: "no-referrer" as const },
  };
}
