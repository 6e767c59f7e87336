/** Words that the page, the text and the mail share, so that all three say the same. */
import { DAY_MS, formatBytes, formatDuration, unreachable, type Instant } from "@shipkeeper/kit";
import type {
  AgeBucket,
  DiskForecast,
  DoneAction,
  FleetReport,
  HeldReason,
  ReportedCompliance,
  Urgency,
} from "@shipkeeper/protocol";

type ScoreTrend = Pick<ReportedCompliance, "score" | "weekAgo" | "monthAgo">;

export const BUCKET_WORDS: Record<AgeBucket, string> = {
  "7d": "up to 7 days",
  "30d": "up to 30 days",
  "90d": "up to 90 days",
  "180d": "up to 180 days",
  "1y": "up to 1 year",
  "2y": "up to 2 years",
  older: "over 2 years",
  unknown: "not known",
};

export const URGENCY_WORDS: Record<Urgency, string> = { now: "now", soon: "soon", plan: "plan" };

const DECISION_WORDS: Readonly<Record<string, string>> = {
  keep: "kept",
  wait: "waits",
  refuse: "refused",
  "give-up": "given up",
  "hand-over": "handed over",
};

export const decisionInWords = (decision: string): string => DECISION_WORDS[decision] ?? decision;

/** `used-recently` → `used recently`. */
export const codeInWords = (code: string): string => code.replaceAll("-", " ");

export function titleOf({ owner }: FleetReport): string {
  return owner === undefined ? "Fleet report" : `Fleet report for ${owner}`;
}

export function spanOf({ since, at }: FleetReport): string {
  return at - since === DAY_MS ? "the last day" : `the last ${formatDuration(at - since)}`;
}

export function ago(at: Instant | undefined, now: Instant): string {
  return at === undefined ? "never" : `${formatDuration(Math.max(0, now - at))} ago`;
}

export function forecastInWords(forecast: DiskForecast): string {
  switch (forecast.kind) {
    case "fills":
      return forecast.daysLeft < 1 ? "full within a day" : `full in ${counted(forecast.daysLeft, "day")}`;
    case "steady":
      return "not filling";
    case "erratic":
      return "no clear trend";
    case "not-enough-history":
      return "not enough history";
    default:
      return unreachable(forecast);
  }
}

/** `prune: 45 steps done, 2 failed in 10 runs; 4.2 GB freed` */
export function actionInWords({ action, runs, done, skipped, failed, freedBytes }: DoneAction): string {
  const parts = [
    `${counted(done, "step")} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  const freed = freedBytes > 0 ? `; ${formatBytes(freedBytes)} freed` : "";
  return `${action}: ${parts.join(", ")} in ${counted(runs, "run")}${freed}`;
}

/** `on 3 hosts, e.g. web:1 on web-1: used by shop` */
export function exampleInWords({ hosts, example }: HeldReason): string {
  return `on ${counted(hosts, "host")}, e.g. ${example.target} on ${example.host}: ${example.words}`;
}

/** `82 of 100, 4 more than a week ago, the same as a month ago` */
export function scoreInWords({ score, weekAgo, monthAgo }: ScoreTrend): string {
  if (score === undefined) return "no score: nothing was judged";
  const against = (before: number | undefined, when: string) => {
    if (before === undefined) return [];
    if (before === score) return [`the same as ${when}`];
    return [`${Math.abs(score - before)} ${score > before ? "more" : "less"} than ${when}`];
  };
  return [`${score} of 100`, ...against(weekAgo, "a week ago"), ...against(monthAgo, "a month ago")].join(
    ", ",
  );
}

/** `14 findings, 3 more waived` */
export function findingsInWords({ open, waived }: { open: number; waived: number }): string {
  return `${counted(open, "finding")}${waived === 0 ? "" : `, ${waived} more waived`}`;
}

export const ageInWords = (ageDays: number | undefined): string =>
  ageDays === undefined ? "not known" : counted(ageDays, "day");

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const shareOf = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((100 * part) / whole);

/** `errors 41208, timeouts 310`. */
export const matchesInWords = (matches: readonly { pattern: string; count: number }[]): string =>
  matches.map(({ pattern, count }) => `${pattern} ${count}`).join(", ");

export const burstsInWords = ({ bursting }: FleetReport["logs"]): string =>
  bursting === 1 ? "1 log bursts" : `${bursting} logs burst`;
