/** Values as words for a cell. A missing value is a dash, so that columns stay columns. */
import { DAY_MS, formatBytes, formatDuration, formatInstant, type Instant } from "@shipkeeper/kit";

export const MISSING = "-";

export const orDash = (text: string | undefined): string =>
  text === undefined || text === "" ? MISSING : text;

export const bytes = (size: number | undefined): string => (size === undefined ? MISSING : formatBytes(size));

/** `412 d`: image ages are compared in days. */
export const ageInDays = (ageMs: number | undefined): string =>
  ageMs === undefined ? "unknown" : `${Math.floor(ageMs / DAY_MS)} d`;

export function ago(at: Instant | undefined, now: Instant): string {
  return at === undefined ? "never" : `${formatDuration(Math.max(0, now - at))} ago`;
}

export const time = (at: Instant | undefined): string => (at === undefined ? MISSING : formatInstant(at));

export const shortId = (id: string): string => id.replace(/^sha256:/, "").slice(0, 12);
