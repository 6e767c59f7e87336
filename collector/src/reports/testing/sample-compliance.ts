/** How a small fleet stands to its policies: better than a month ago, with one of everything that can be found. */
import { DAY_MS, type Instant } from "@shipkeeper/kit";
import type { ComplianceFacts, FindingsFact, ScoreFact } from "../fleet-facts.ts";

export function sampleCompliance(now: Instant): ComplianceFacts {
  const today = now - (now % DAY_MS);
  const scored = (scores: readonly number[], open: number): ScoreFact => ({
    score: scores.at(-1),
    open,
    history: scores.map((score, place) => ({ day: today - (scores.length - 1 - place) * DAY_MS, score })),
  });
  const month = [
    52, 52, 53, 51, 54, 54, 57, 57, 57, 58, 61, 60, 60, 63, 63, 63, 64, 66, 66, 65, 68, 68, 70, 70,
  ];
  return {
    score: scored([...month, 71, 71, 73, 76, 75, 77, 78], 12),
    owners: [
      { owner: "payments", ...scored([71, 70, 69, 69, 68, 66, 66, 64], 7) },
      { owner: "shop", ...scored([90, 90, 91, 91, 92, 92, 94, 96], 2) },
      { owner: "platform", ...scored([100], 0) },
      { owner: undefined, ...scored([40, 40], 3) },
    ],
    findings: FINDINGS,
    notJudged: [{ host: "edge-vienna", why: "the list of images could not be read completely" }],
  };
}

const FINDINGS: readonly FindingsFact[] = [
  {
    check: "registry-not-allowed",
    title: "image from a registry that is not allowed",
    severity: "critical",
    owner: undefined,
    isWaived: false,
    count: 1,
    example: {
      host: "web-2",
      name: "mystery:latest",
      says: "is mystery:latest, allowed are registry.acme.example/* and docker.io/library/*",
    },
  },
  {
    check: "running-image-too-old",
    title: "running image too old",
    severity: "high",
    owner: "payments",
    isWaived: false,
    count: 2,
    example: {
      host: "db-1",
      name: "orders-pg",
      says: "runs postgres:12.4, built 812 days ago (limit 60 days)",
    },
  },
  {
    check: "health-check-missing",
    title: "no health check",
    severity: "medium",
    owner: "payments",
    isWaived: false,
    count: 5,
    example: { host: "db-1", name: "ledger", says: "has no health check" },
  },
  {
    check: "health-check-missing",
    title: "no health check",
    severity: "medium",
    owner: "shop",
    isWaived: false,
    count: 2,
    example: { host: "web-2", name: "search", says: "has no health check" },
  },
  {
    check: "unowned",
    title: "nobody answers for it",
    severity: "low",
    owner: undefined,
    isWaived: false,
    count: 2,
    example: {
      host: "web-2",
      name: "mystery",
      says: "no owner label is set and no pattern of the owner map fits",
    },
  },
  {
    check: "image-too-old",
    title: "image too old",
    severity: "medium",
    owner: "payments",
    isWaived: true,
    count: 3,
    example: { host: "db-1", name: "acme/ledger:3.2", says: "built 244 days ago (limit 90 days)" },
  },
];
