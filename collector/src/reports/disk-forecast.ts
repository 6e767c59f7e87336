import { DAY_MS, type Instant } from "@shipkeeper/kit";
import type { DiskForecast } from "@shipkeeper/protocol";
import type { DiskFact } from "./fleet-facts.ts";

/** A night's backup looks like a trend to whoever sees only that night. */
const LEAST_SPAN_MS = DAY_MS;
const LEAST_READINGS = 12;
/** Below this share of explained variance a straight line says more about us than about the disk. */
const LEAST_FIT = 0.6;
/** Beyond this a forecast is no reason to do anything. */
const FURTHEST_DAYS = 365;
/** A loss of less than this share of the disk a day is steady, however straight the line. */
const STEADY_SHARE_PER_DAY = 0.0002;

/** When a disk is full if it goes on as it did: a straight line through its free bytes, or why there is none. */
export function forecastDisk(disk: DiskFact, now: Instant): DiskForecast {
  const { history } = disk;
  const first = history[0];
  const last = history.at(-1);
  if (first === undefined || last === undefined || history.length < LEAST_READINGS) {
    return { kind: "not-enough-history" };
  }
  if (last.at - first.at < LEAST_SPAN_MS) return { kind: "not-enough-history" };

  const { slope, fit } = straightLine(
    history.map(({ at, freeBytes }) => [(at - first.at) / DAY_MS, freeBytes]),
  );
  const lostPerDay = -slope;
  if (lostPerDay < disk.totalBytes * STEADY_SHARE_PER_DAY) return { kind: "steady" };
  if (fit < LEAST_FIT) return { kind: "erratic" };
  const daysLeft = disk.freeBytes / lostPerDay;
  if (daysLeft > FURTHEST_DAYS) return { kind: "steady" };
  return { kind: "fills", daysLeft: Math.floor(daysLeft), at: Math.round(now + daysLeft * DAY_MS) };
}

/** Least squares: the slope, and the share of the variance that the line explains. */
function straightLine(points: readonly (readonly [x: number, y: number])[]): { slope: number; fit: number } {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  if (xx === 0 || yy === 0) return { slope: 0, fit: 0 };
  return { slope: xy / xx, fit: xy ** 2 / (xx * yy) };
}
