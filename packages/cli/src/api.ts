/** Talks to the collector's API, and turns everything that can go wrong there into a sentence a person can act on. */
import { OperationalError } from "@shipkeeper/kit";
import { MOST_PAGE_ITEMS, problemSchema } from "@shipkeeper/protocol";
import type { HttpAnswer } from "@shipkeeper/runtime";
import * as z from "zod";
import { requireAccess } from "./context.ts";
import type { Surroundings } from "./surroundings.ts";

export type Query = Readonly<Record<string, string | undefined>>;

export interface Api {
  get<Schema extends z.ZodType>(path: string, schema: Schema, query?: Query): Promise<z.output<Schema>>;
  /** Every page of a list, one after the other. */
  list<Schema extends z.ZodType>(path: string, item: Schema, query?: Query): Promise<z.output<Schema>[]>;
  post<Schema extends z.ZodType>(
    path: string,
    body: unknown,
    schema: Schema,
    query?: Query,
  ): Promise<z.output<Schema>>;
  /** The answer as it came, for formats that are not JSON. */
  getText(path: string, query?: Query): Promise<string>;
}

export class CollectorUnreachable extends OperationalError {
  override readonly name = "CollectorUnreachable";
  readonly code = "collector_unreachable";
  readonly retryable = true;
}

export class TokenRefused extends OperationalError {
  override readonly name = "TokenRefused";
  readonly code = "token_refused";
  readonly retryable = false;
}

/** The collector answered, and said no. */
export class CollectorRefused extends OperationalError {
  override readonly name = "CollectorRefused";
  readonly code = "collector_refused";
  readonly retryable = false;
  readonly status: number;
  /** The collector's own word for it, where it gave one. */
  readonly reason: string | undefined;
  readonly problems: readonly string[];

  constructor(
    message: string,
    refusal: { status: number; reason: string | undefined; problems: readonly string[] },
  ) {
    super(message);
    this.status = refusal.status;
    this.reason = refusal.reason;
    this.problems = refusal.problems;
  }
}

const DEADLINE_MS = 60_000;
/** More pages than this is a server that turns in circles. */
const MOST_PAGES = 2_000;

export function connectApi(surroundings: Surroundings): Api {
  const { url: base, token } = requireAccess(surroundings);

  async function call(method: "GET" | "POST", path: string, options: { query?: Query; body?: unknown } = {}) {
    const url = new URL(`api/v1/${path}`, base.href.endsWith("/") ? base : `${base.href}/`);
    for (const [key, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, value);
    }
    const body = options.body === undefined ? {} : { body: JSON.stringify(options.body) };
    const type: Record<string, string> =
      options.body === undefined ? {} : { "content-type": "application/json" };
    const headers = { authorization: `Bearer ${token}`, ...type };
    const answer = await surroundings
      .http({ url, method, headers, ...body, deadlineMs: DEADLINE_MS })
      .catch((cause: unknown) => {
        throw new CollectorUnreachable(
          `cannot reach the collector at ${base.origin} (is it running, and is that its address?)`,
          { cause },
        );
      });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusalOf(answer, base);
  }

  async function getJson<Schema extends z.ZodType>(path: string, schema: Schema, query?: Query) {
    return decode(await call("GET", path, query === undefined ? {} : { query }), schema, path);
  }

  return {
    get: getJson,

    async list(path, item, query = {}) {
      const page = z.object({ items: z.array(item), nextCursor: z.string().optional() });
      const items: z.output<typeof item>[] = [];
      let cursor: string | undefined;
      for (let count = 0; count < MOST_PAGES; count += 1) {
        const answer = await getJson(path, page, { ...query, limit: String(MOST_PAGE_ITEMS), cursor });
        items.push(...answer.items);
        cursor = answer.nextCursor;
        if (cursor === undefined) return items;
      }
      throw new CollectorUnreachable(`the list ${path} did not end after ${MOST_PAGES} pages`);
    },

    async post(path, body, schema, query = {}) {
      return decode(await call("POST", path, { body, query }), schema, path);
    },

    async getText(path, query = {}) {
      return (await call("GET", path, { query })).body.toString("utf8");
    },
  };
}

function decode<Schema extends z.ZodType>(
  answer: HttpAnswer,
  schema: Schema,
  path: string,
): z.output<Schema> {
  const text = answer.body.toString("utf8");
  try {
    return schema.parse(text === "" ? undefined : JSON.parse(text));
  } catch (cause) {
    throw new CollectorUnreachable(`the answer to ${path} is not what a collector of this version says`, {
      cause,
    });
  }
}

function refusalOf(answer: HttpAnswer, base: URL): OperationalError {
  const { status } = answer;
  const problem = readProblem(answer.body);
  const said = problem.detail ?? problem.title ?? `it answered ${status}`;
  if (status === 401) {
    return new TokenRefused(
      `the collector at ${base.origin} refused the token: it is unknown, expired or revoked`,
    );
  }
  if (status === 403) return new TokenRefused(`this token may not do that: ${said}`);
  const { code: reason, problems = [] } = problem;
  return new CollectorRefused(`the collector refused: ${said}`, { status, reason, problems });
}

const partialProblemSchema = problemSchema.partial();

function readProblem(body: Buffer): z.infer<typeof partialProblemSchema> {
  try {
    return partialProblemSchema.parse(JSON.parse(body.toString("utf8")));
  } catch {
    return {}; // not a collector, or a proxy in front of it: the status is all there is
  }
}
