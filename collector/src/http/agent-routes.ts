/** The addresses that agents know: enrolment, batches, the long poll for a newer policy, orders, and what the fleet holds. */
import { InvalidInput, SECOND_MS, type Clock } from "@shipkeeper/kit";
import {
  MOST_DIGESTS_IN_USE,
  HALTED_HEADER,
  ORDERS_HEADER,
  MOST_POLL_SECONDS,
  MOST_REQUEST_BYTES,
  enrolRequestSchema,
  type EnrolReply,
} from "@shipkeeper/protocol";
import { sha256Hex, unpackFrame } from "@shipkeeper/runtime";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { EnrolmentRefused, enrol } from "../enrol/enrol.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { PolicyDesk } from "../policies/policy-desk.ts";
import type { Store } from "../store/store.ts";
import { agentAuth } from "./agent-auth.ts";
import type { Metrics } from "./metrics.ts";
import { Refusal } from "./problem.ts";

export interface AgentRoutesDeps {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly policyDesk: PolicyDesk;
  readonly metrics: Metrics;
  readonly now: Clock;
}

const BATCH_TYPE = "application/vnd.shipkeeper.batch";
const MOST_ENROL_BYTES = 64 * 2 ** 10;
/** A token is tried once per new host; more from one address is a search for one. */
const MOST_ENROLMENTS_A_MINUTE = 60;
const NO_BODY = Buffer.alloc(0);

const pollQuerySchema = z.strictObject({
  held: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  wait: z.coerce.number().int().min(0).default(0),
  /** The revision that the host knows to be halted. */
  halted: z.coerce.number().int().min(0).default(0),
  /** Fingerprints of the keys that the host believes, with commas between them. */
  trusts: z.string().max(1_024).default(""),
});

export function agentRoutes({
  store,
  ingest,
  policyDesk,
  metrics,
  now,
}: AgentRoutesDeps): FastifyPluginAsync {
  const auth = agentAuth({ hosts: store.hosts, now });
  const expectHost = async (request: FastifyRequest) => auth.expectHost(request);

  return async (app) => {
    // Signatures cover the body as it travels, so nothing may parse it before they are checked.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      [BATCH_TYPE, "application/json"],
      { parseAs: "buffer", bodyLimit: MOST_REQUEST_BYTES },
      (_request, body, done) => done(null, body),
    );

    app.post(
      "/enroll",
      {
        bodyLimit: MOST_ENROL_BYTES,
        config: { rateLimit: { max: MOST_ENROLMENTS_A_MINUTE, keyGenerator: byAddress } },
      },
      async (request, reply) => {
        const asked = decodeEnrolment(request.body);
        try {
          const hostId = enrol(store, asked, now());
          return await reply.send({ hostId, serverTime: now() } satisfies EnrolReply);
        } catch (error) {
          if (error instanceof EnrolmentRefused && error.code === "clock_skew") {
            throw new Refusal(401, error.code, error.message, { serverTime: now() });
          }
          throw error;
        }
      },
    );

    app.post("/batches", { onRequest: expectHost }, async (request, reply) => {
      const body = bytesOf(request);
      const hostId = auth.verify(request, body);
      const frame = unpackFrame(body, request.headers["content-encoding"], MOST_REQUEST_BYTES);
      const { receipt, counts } = ingest(hostId, frame, now());
      metrics.countBatch(counts);
      return reply.code(202).send(receipt);
    });

    app.get("/policy", { onRequest: expectHost }, async (request, reply) => {
      const hostId = auth.verify(request, NO_BODY);
      const { held, halted, trusts, wait } = decodePoll(request.query);
      const asking = { hostId, held, knowsHalt: halted, trusts: trusts.split(",").filter(Boolean) };
      const waitMs = Math.min(wait, MOST_POLL_SECONDS) * SECOND_MS;
      const { offer, haltedRevision, orders } = await policyDesk.newsFor(asking, {
        waitMs,
        signal: untilGone(reply),
      });
      if (offer !== undefined) return reply.send(offer);
      if (haltedRevision !== undefined) void reply.header(HALTED_HEADER, String(haltedRevision));
      if (orders !== undefined) void reply.header(ORDERS_HEADER, String(orders));
      return reply.code(204).send();
    });

    app.get("/orders", { onRequest: expectHost }, async (request, reply) => {
      const hostId = auth.verify(request, NO_BODY);
      const waiting = store.orders.waitingFor(hostId, now());
      return reply.send(waiting.map(({ signed }) => signed));
    });

    app.get("/digests-in-use", { onRequest: expectHost }, async (request, reply) => {
      auth.verify(request, NO_BODY);
      const inUse = store.heldDigests.inUse();
      if (inUse.held.length + inUse.left.length > MOST_DIGESTS_IN_USE) {
        throw new Refusal(
          503,
          "too_many_digests",
          `the fleet holds more than ${MOST_DIGESTS_IN_USE} digests`,
        );
      }
      const body = JSON.stringify(inUse);
      const etag = `"${sha256Hex(body)}"`;
      void reply.header("etag", etag);
      if (request.headers["if-none-match"] === etag) return reply.code(304).send();
      return reply.type("application/json").send(body);
    });
  };
}

const byAddress = (request: FastifyRequest): string => request.ip;

function bytesOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : NO_BODY;
}

function decodeEnrolment(body: unknown) {
  try {
    return enrolRequestSchema.parse(JSON.parse(Buffer.isBuffer(body) ? body.toString("utf8") : ""));
  } catch (error) {
    throw new InvalidInput("this is no request to enrol", [], { cause: error });
  }
}

function decodePoll(query: unknown) {
  const parsed = pollQuerySchema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw new InvalidInput("cannot tell which policy is asked for", [z.prettifyError(parsed.error)]);
}

/** Aborts when the other side hangs up: nobody waits for an answer that nobody reads. */
function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}
