import { HOUR_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";

/**
 * The wait that a `Retry-After` header asks for, in seconds or until a date; undefined where it asks for none.
 * Kept within a second and an hour: a faulty server must neither cause a storm nor silence a host for years.
 */
export function retryAfterMs(header: string | undefined, now: Instant): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const askedMs = /^-?\d+$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - now;
  return Number.isNaN(askedMs) ? undefined : Math.min(HOUR_MS, Math.max(SECOND_MS, askedMs));
}
