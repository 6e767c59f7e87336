/** The way in for a browser: a form that takes a token, and a cookie that keeps it for a working day. */
import type { Clock } from "@shipkeeper/kit";
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import type { ApiTokens } from "../store/api-tokens.ts";
import { TOKEN_COOKIE, tokenCookieOf } from "./people-auth.ts";

export interface HomeRoutesDeps {
  readonly tokens: ApiTokens;
  readonly now: Clock;
  /** Cookies of an https site never travel in the clear. */
  readonly secure: boolean;
  /** Where somebody who is let in goes on. */
  readonly landing: string;
}

const WORKING_DAY_S = 12 * 3_600;
const MOST_FORM_BYTES = 4_096;
const MOST_TRIES_A_MINUTE = 20;

export function homeRoutes({ tokens, now, secure, landing }: HomeRoutesDeps): FastifyPluginAsync {
  const isGood = (token: string) => tokens.actorOf(token, now()) !== undefined;

  function letIn(reply: FastifyReply, token: string): FastifyReply {
    return reply.header("set-cookie", cookie(token, WORKING_DAY_S)).redirect("/", 303);
  }

  function cookie(value: string, maxAgeS: number): string {
    const attributes = ["Path=/", "HttpOnly", "SameSite=Strict", `Max-Age=${maxAgeS}`];
    return [`${TOKEN_COOKIE}=${value}`, ...attributes, ...(secure ? ["Secure"] : [])].join("; ");
  }

  return async (app) => {
    app.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: MOST_FORM_BYTES },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    );
    const tries = { config: { rateLimit: { max: MOST_TRIES_A_MINUTE } } };

    app.get("/", tries, async (request, reply) => {
      const offered = (request.query as { token?: unknown }).token;
      // The redirect takes the token out of the address bar, the history and the next request's `referer`.
      if (typeof offered === "string")
        return isGood(offered) ? letIn(reply, offered) : sendForm(reply, "refused");
      const kept = tokenCookieOf(request);
      return kept !== undefined && isGood(kept) ? reply.redirect(landing, 303) : sendForm(reply, "asked");
    });

    app.post("/login", tries, async (request, reply) => {
      const offered = request.body instanceof URLSearchParams ? (request.body.get("token") ?? "").trim() : "";
      return isGood(offered) ? letIn(reply, offered) : sendForm(reply, "refused");
    });

    app.post("/logout", async (_request, reply) =>
      reply.header("set-cookie", cookie("", 0)).redirect("/", 303),
    );
  };
}

function sendForm(reply: FastifyReply, state: "asked" | "refused"): FastifyReply {
  const sentence =
    state === "refused"
      ? "That token is unknown, expired or revoked."
      : "Paste a token. The first one lies in the collector's data folder, in admin.token.";
  return reply
    .code(state === "refused" ? 401 : 200)
    .header("cache-control", "no-store")
    .type("text/html; charset=utf-8").send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Shipkeeper</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem; }
  input, button { font: inherit; padding: .5rem; width: 100%; box-sizing: border-box; margin-top: .5rem; }
</style>
<h1>Shipkeeper</h1>
<p>${sentence}</p>
<form method="post" action="/login">
  <label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
  <button>Show the fleet</button>
</form>
</html>
`);
}
