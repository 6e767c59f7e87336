import { DAY_MS, InvalidInput, parseDuration, type Clock, type Instant } from "@shipkeeper/kit";
import {
  enrollmentTokenMadeSchema,
  newEnrollmentTokenSchema,
  newTokenSchema,
  problemSchema,
  tokenMadeSchema,
  tokensPageSchema,
} from "@shipkeeper/protocol";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import * as z from "zod";
import type { Store } from "../../store/store.ts";
import { actorName } from "../people-auth.ts";
import { notFound } from "../problem.ts";

/** A token that enrols a host is carried by hand; a day is long enough to get there. */
const LONGEST_ENROLLMENT_MS = DAY_MS;
const LONGEST_TOKEN_MS = 3_650 * DAY_MS;

export function tokenRoutes({ store, now }: { store: Store; now: Clock }): FastifyPluginAsyncZod {
  const endOf = (ttl: string, mostMs: number): Instant => {
    const ttlMs = parseDuration(ttl) ?? 0;
    if (ttlMs > 0 && ttlMs <= mostMs) return now() + ttlMs;
    throw new InvalidInput("cannot make the token", [
      `ttl: expected a duration such as 15m, at most ${mostMs / DAY_MS}d`,
    ]);
  };

  return async (app) => {
    app.get(
      "/tokens",
      {
        config: { role: "admin" },
        schema: {
          summary: "Tokens of people and programs, without their secrets",
          response: { 200: tokensPageSchema, "4xx": problemSchema },
        },
      },
      async () => ({ items: store.apiTokens.list() }),
    );

    app.post(
      "/tokens",
      {
        config: { role: "admin" },
        schema: {
          summary: "Make a token; its text is shown this once",
          body: newTokenSchema,
          response: { 201: tokenMadeSchema, "4xx": problemSchema },
        },
      },
      async (request, reply) => {
        const { name, role, ttl } = request.body;
        const expiresAt = ttl === undefined ? undefined : endOf(ttl, LONGEST_TOKEN_MS);
        const made = store.apiTokens.make({ name, role, createdBy: actorName(request), expiresAt }, now());
        return reply.code(201).send(made);
      },
    );

    app.delete(
      "/tokens/:id",
      {
        config: { role: "admin" },
        schema: {
          summary: "Revoke a token, from now on",
          params: z.object({ id: z.string() }),
          response: { 204: z.undefined(), "4xx": problemSchema },
        },
      },
      async ({ params }, reply) => {
        if (!store.apiTokens.remove(params.id)) throw notFound(`token ${params.id}`);
        return reply.code(204).send();
      },
    );

    app.post(
      "/enrollment-tokens",
      {
        config: { role: "operator" },
        schema: {
          summary: "Make a token that enrols one host; its secret is shown this once",
          body: newEnrollmentTokenSchema,
          response: { 201: enrollmentTokenMadeSchema, "4xx": problemSchema },
        },
      },
      async (request, reply) => {
        const { ttl, labels } = request.body;
        const expiresAt = endOf(ttl, LONGEST_ENROLLMENT_MS);
        const made = store.enrollmentTokens.make({ labels, createdBy: actorName(request), expiresAt }, now());
        return reply.code(201).send(made);
      },
    );
  };
}
