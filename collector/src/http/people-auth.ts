/** Who asks, and whether they may. A route names the least role that it takes; one that names none takes only admins. */
import type { Clock } from "@shipkeeper/kit";
import type { Role } from "@shipkeeper/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Actor, ApiTokens } from "../store/api-tokens.ts";
import { Refusal } from "./problem.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    role?: Role;
  }
  interface FastifyRequest {
    actor: Actor | null;
  }
}

export const TOKEN_COOKIE = "shipkeeper_token";
const RANK: Readonly<Record<Role, number>> = { reader: 0, operator: 1, admin: 2 };

/** Guards every route of the plugin that it is called in. */
export function guardRoutes(app: FastifyInstance, { tokens, now }: { tokens: ApiTokens; now: Clock }): void {
  app.decorateRequest("actor", null);
  app.addHook("onRequest", async (request) => {
    const token = bearerOf(request) ?? cookieForReading(request);
    if (token === undefined) {
      throw new Refusal(401, "token_missing", "this needs a token: authorization: Bearer skt_…");
    }
    const actor = tokens.actorOf(token, now());
    if (actor === undefined)
      throw new Refusal(401, "token_refused", "the token is unknown, expired or revoked");
    const needed = request.routeOptions.config.role ?? "admin";
    if (RANK[actor.role] < RANK[needed]) {
      throw new Refusal(403, "role_too_low", `this needs the role ${needed}; the token has ${actor.role}`);
    }
    request.actor = actor;
  });
}

/** Name of the token that asks, for records of who did what. */
export function actorName({ actor }: FastifyRequest): string {
  return actor?.name ?? "nobody";
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

/** A browser sends its cookie along whoever made it ask, so a cookie opens nothing that changes anything. */
function cookieForReading(request: FastifyRequest): string | undefined {
  return request.method === "GET" || request.method === "HEAD" ? tokenCookieOf(request) : undefined;
}

export function tokenCookieOf({ headers }: FastifyRequest): string | undefined {
  for (const pair of (headers.cookie ?? "").split(";")) {
    const [name, value] = pair.trim().split("=", 2);
    if (name === TOKEN_COOKIE) return value;
  }
  return undefined;
}
