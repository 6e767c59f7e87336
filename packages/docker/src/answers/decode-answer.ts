import type * as z from "zod";
import { EngineAnswerInvalid, EngineRefused } from "../engine-errors.ts";
import { type EngineAnswer, reasonIn } from "../engine-wire.ts";

/** The body of an answer that must be there. Throws `EngineRefused` for 404 and 409, `EngineAnswerInvalid`. */
export function decodeAnswer<T extends z.ZodType>(
  attempt: string,
  schema: T,
  { status, body }: EngineAnswer,
): z.output<T> {
  if (status >= 400) throw new EngineRefused(attempt, { status, reason: reasonIn(body) });
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new EngineAnswerInvalid(attempt, describe(parsed.error));
  return parsed.data;
}

/** The first few of what may be thousands of problems in a list of thousands. */
function describe({ issues }: z.ZodError): string {
  const first = issues.slice(0, 3).map(({ path, message }) => `${path.join(".")}: ${message}`);
  const more = issues.length > first.length ? [`and ${issues.length - first.length} more`] : [];
  return [...first, ...more].join("; ");
}
