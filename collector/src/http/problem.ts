/** Every error becomes an RFC 9457 problem document here, and nowhere else. */
import { InvalidInput, OperationalError, errorChain } from "@shipkeeper/kit";
import type { Problem } from "@shipkeeper/protocol";
import type { Logger } from "@shipkeeper/runtime";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";

/** A refusal that a route gives itself. */
export class Refusal extends OperationalError {
  override readonly name = "Refusal";
  readonly code: string;
  readonly retryable = false;
  readonly status: number;
  readonly extra: Partial<Problem>;

  constructor(status: number, code: string, detail: string, extra: Partial<Problem> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

export function notFound(what: string): Refusal {
  return new Refusal(404, "not_found", `${what} is not known here`);
}

/** What the stages behind the routes throw, by their codes. */
const STATUS_OF: Readonly<Record<string, number>> = {
  invalid_input: 400,
  epoch_owned: 409,
  too_many_epochs: 429,
  bundle_refused: 422,
  order_refused: 422,
  revision_conflict: 409,
  too_many_previews: 429,
  preview_given_up: 503,
  key_not_everywhere: 409,
  keys_not_listed: 422,
  token_unknown: 401,
  token_expired: 401,
  token_used: 409,
  key_enrolled: 409,
  bad_signature: 401,
  clock_skew: 401,
};

const TITLES: Readonly<Record<number, string>> = {
  400: "The request cannot be understood",
  401: "Not authenticated",
  403: "Not allowed",
  404: "Not found",
  406: "Not acceptable",
  409: "In conflict with what is there",
  413: "Too large",
  415: "Unknown content type",
  422: "Refused",
  429: "Too many requests",
  500: "The collector failed",
  503: "Not at present",
};

export function toProblem(error: unknown): Problem {
  if (error instanceof Refusal) return problem(error.status, error.code, error.message, error.extra);
  if (error instanceof InvalidInput) {
    return problem(400, error.code, error.message, { problems: [...error.problems] });
  }
  if (error instanceof OperationalError) {
    return problem(STATUS_OF[error.code] ?? 500, error.code, errorChain(error));
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = error.validation.map(
      ({ instancePath, message }) =>
        `${instancePath.slice(1).replaceAll("/", ".")}: ${message ?? "not valid"}`,
    );
    return problem(400, "invalid_input", `the ${error.validationContext ?? "request"} is not valid`, {
      problems,
    });
  }
  const { statusCode, code } = error as Partial<FastifyError>;
  if (typeof code === "string" && code.startsWith("SQLITE_")) {
    return problem(503, "storage_unavailable", "the collector cannot read or write its database at present");
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const name = statusCode === 429 ? "too_many_requests" : (code ?? "refused").toLowerCase();
    return problem(statusCode, name.replace(/^fst_(err_)?/, ""), errorChain(error));
  }
  return problem(500, "internal", "something went wrong in the collector; its log tells what");
}

function problem(status: number, code: string, detail: string, extra: Partial<Problem> = {}): Problem {
  const title = TITLES[status] ?? TITLES[status < 500 ? 400 : 500] ?? "";
  return { type: "about:blank", title, status, code, detail, ...extra };
}

/** What is refused now may be taken in a moment. */
const AT_PRESENT: ReadonlySet<number> = new Set([429, 503]);

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) void reply.header("www-authenticate", 'Bearer realm="shipkeeper"');
  // The limit on requests has set its own.
  if (AT_PRESENT.has(problem.status) && !reply.hasHeader("retry-after"))
    void reply.header("retry-after", "10");
  return reply
    .code(problem.status)
    .type("application/problem+json; charset=utf-8")
    .serializer((value) => JSON.stringify(value))
    .send(problem);
}

/** The one handler of errors. Only what is the collector's own fault is logged as an error. */
export function problemHandler(log: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = toProblem(error);
    const where = { method: request.method, route: request.routeOptions.url, code: problem.code };
    if (problem.status >= 500) log.error({ error, ...where }, "a request failed");
    else log.debug({ detail: problem.detail, ...where }, "a request was refused");
    return sendProblem(reply, problem);
  };
}
