/**
 * Requests to one registry: with its credentials, by its way of asking for them, and never to anybody else. Redirects of
 * content are followed without credentials, and no answer is taken on trust in its size.
 */
import { SECOND_MS } from "@shipkeeper/kit";
import { httpRequest, type HttpAnswer } from "@shipkeeper/runtime";
import * as z from "zod";
import { parseChallenge, type Challenge } from "./challenge.ts";
import { RegistryProblem } from "./registry-errors.ts";

export interface RegistryAddress {
  /** `https://registry.acme.example:5000`, without a path. */
  readonly url: URL;
  /** Read when they are needed, so that a rotated password counts at once. Undefined: everybody may ask. */
  readonly credentials?: (() => { readonly username: string; readonly password: string }) | undefined;
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: (() => string) | undefined;
}

export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "DELETE";
  /** Path and query. */
  readonly target: string;
  readonly accept?: readonly string[];
  readonly signal: AbortSignal;
}

export interface RegistryHttp {
  /** Resolves with whatever status came after rights were shown; throws `RegistryProblem` where no answer did. */
  (request: RegistryRequest): Promise<HttpAnswer>;
}

const DEADLINE_MS = 30 * SECOND_MS;
/** The distribution's own bound on a manifest is 4 MiB; lists of tags and configurations are smaller. */
const MOST_ANSWER_BYTES = 8 * 2 ** 20;
const MOST_TOKEN_BYTES = 64 * 2 ** 10;
const MOST_REDIRECTS = 3;

const tokenSchema = z
  .object({ token: z.string().optional(), access_token: z.string().optional() })
  .transform(({ token, access_token }) => token ?? access_token)
  .pipe(z.string().min(1));

export function registryHttp(registry: RegistryAddress): RegistryHttp {
  /** By what they open: a token for one repository opens no other. */
  const authorizations = new Map<string, string>();

  const send = (request: RegistryRequest): Promise<HttpAnswer> =>
    get(new URL(request.target, registry.url), request, authorizations.get(keyOf(request)));

  async function get(
    url: URL,
    request: RegistryRequest,
    authorization: string | undefined,
    redirects = 0,
  ): Promise<HttpAnswer> {
    const { method, accept = [], signal } = request;
    const answer = await ask({
      url,
      method,
      headers: {
        ...(accept.length > 0 && { accept: accept.join(", ") }),
        ...(authorization !== undefined && { authorization }),
      },
      mostAnswerBytes: MOST_ANSWER_BYTES,
      signal,
    });
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status > 399 || location === undefined) return answer;
    // A deletion is for this registry alone: nobody else may be asked to do it.
    if (method === "DELETE" || redirects === MOST_REDIRECTS) {
      throw new RegistryProblem(`${method} ${url.pathname} was sent on ${redirects + 1} times`);
    }
    const next = safeUrl(location, url);
    const sameOrigin = next.origin === registry.url.origin;
    return get(next, request, sameOrigin ? authorization : undefined, redirects + 1);
  }

  /** An address that a registry names. Never one that is less protected than the one it was named by. */
  function safeUrl(text: string, base: URL): URL {
    const url = URL.parse(text, base.href);
    const allowed = registry.url.protocol === "https:" ? ["https:"] : ["http:", "https:"];
    if (url !== null && allowed.includes(url.protocol)) return url;
    throw new RegistryProblem(`the registry names an address that is not to be asked: ${text.slice(0, 200)}`);
  }

  async function ask(
    request: Parameters<typeof httpRequest>[0] | Omit<Parameters<typeof httpRequest>[0], "deadlineMs">,
  ): Promise<HttpAnswer> {
    try {
      return await httpRequest({ ...request, deadlineMs: DEADLINE_MS, ca: registry.ca?.() });
    } catch (error) {
      throw new RegistryProblem(`cannot ask the registry at ${registry.url.host}`, { cause: error });
    }
  }

  async function authorize(challenge: Challenge, signal: AbortSignal): Promise<string> {
    const basic = basicAuthorization(registry);
    if (challenge.scheme === "basic") {
      if (basic !== undefined) return basic;
      throw new RegistryProblem(`the registry at ${registry.url.host} asks for a username and a password`);
    }
    const url = safeUrl(challenge.realm, registry.url);
    for (const name of ["service", "scope"] as const) {
      const value = challenge[name];
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const headers = basic === undefined ? {} : { authorization: basic };
    const { status, body } = await ask({ url, headers, mostAnswerBytes: MOST_TOKEN_BYTES, signal });
    if (status !== 200) throw new RegistryProblem(`${url.host} gives no token: status ${status}`);
    return `Bearer ${decodeJson(tokenSchema, body, `the token of ${url.host}`)}`;
  }

  return async (request) => {
    const answer = await send(request);
    if (answer.status !== 401) return answer;
    const challenge = parseChallenge(answer.headers["www-authenticate"]);
    if (challenge === undefined) return answer;
    authorizations.set(keyOf(request), await authorize(challenge, request.signal));
    return send(request);
  };
}

/** `GET /v2/acme/web/tags/list` → `read /v2/acme/web`. */
function keyOf({ method, target }: RegistryRequest): string {
  const place = target.replace(/\?.*$/, "").replace(/\/(?:tags|manifests|blobs)\/[^/]*$/, "");
  return `${method === "DELETE" ? "delete" : "read"} ${place}`;
}

function basicAuthorization({ credentials }: RegistryAddress): string | undefined {
  if (credentials === undefined) return undefined;
  const { username, password } = credentials();
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Throws `RegistryProblem` where the bytes are no JSON of that shape. */
export function decodeJson<T>(schema: z.ZodType<T>, body: Uint8Array, what: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(body).toString("utf8")));
  } catch (error) {
    throw new RegistryProblem(`cannot read ${what}`, { cause: error });
  }
}
