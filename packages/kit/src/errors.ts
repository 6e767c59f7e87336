/**
 * Something outside went wrong that somebody can act on. The message is about this layer's attempt only;
 * `cause` keeps the rest, and only a log line or a stored outcome joins the chain.
 */
export abstract class OperationalError extends Error {
  /** For programs: stable, lower_snake_case. */
  abstract readonly code: string;
  /** True where the same call may succeed later without anybody's help. */
  abstract readonly retryable: boolean;
}

/** Input that a person or a program must correct: one sentence per problem. */
export class InvalidInput extends OperationalError {
  override readonly name = "InvalidInput";
  readonly code = "invalid_input";
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(what: string, problems: readonly string[], options?: { cause?: unknown }) {
    super(problems.length === 0 ? what : `${what}: ${problems.join("; ")}`, options);
    this.problems = problems;
  }
}

/** A deadline passed. */
export class DeadlinePassed extends OperationalError {
  override readonly name = "DeadlinePassed";
  readonly code = "deadline_passed";
  readonly retryable = true;

  constructor(what: string, deadlineMs: number, options?: { cause?: unknown }) {
    super(`${what} took longer than ${deadlineMs} ms`, options);
  }
}

const MOST_CAUSES = 10;

/** The messages of an error and its causes, outermost first, joined by `: `. */
export function errorChain(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  while (current !== undefined && current !== null && parts.length < MOST_CAUSES) {
    if (!(current instanceof Error)) {
      parts.push(typeof current === "string" ? current : (JSON.stringify(current) ?? "unknown"));
      break;
    }
    parts.push(current.message === "" ? current.name : current.message);
    current = current.cause;
  }
  return parts.length === 0 ? "unknown error" : parts.join(": ");
}
