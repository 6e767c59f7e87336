import type { HealthCheck } from "@shipkeeper/model";
import type { HealthCheckAnswer } from "./answer-schemas.ts";

/** The engine's own defaults for what a health check leaves open. */
const DEFAULT_INTERVAL_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRIES = 3;

const NS_PER_MS = 1e6;

/** The health check in force, or undefined where there is none or `NONE` switched an inherited one off. */
export function readHealthCheck(answer: HealthCheckAnswer): HealthCheck | undefined {
  const test = answer?.Test ?? [];
  if (answer === undefined || answer === null || test.length === 0 || test[0] === "NONE") return undefined;
  return {
    test,
    intervalMs: milliseconds(answer.Interval) ?? DEFAULT_INTERVAL_MS,
    timeoutMs: milliseconds(answer.Timeout) ?? DEFAULT_TIMEOUT_MS,
    startPeriodMs: milliseconds(answer.StartPeriod) ?? 0,
    retries: answer.Retries > 0 ? answer.Retries : DEFAULT_RETRIES,
  };
}

/** The engine accepts no time below a millisecond, and writes 0 for "the default". */
function milliseconds(nanoseconds: number): number | undefined {
  return nanoseconds > 0 ? Math.round(nanoseconds / NS_PER_MS) : undefined;
}
