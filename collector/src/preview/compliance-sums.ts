/** Adds up what compliance would say: scores before and after, findings that would open and close. */
import {
  SEVERITIES,
  explainFinding,
  scoreOf,
  type Finding,
  type Severity,
  type Tally,
} from "@shipkeeper/policy";
import type { PolicyPreview, PreviewFinding, PreviewScore } from "@shipkeeper/protocol";
import type { Judgements } from "./judge-host-twice.ts";
import { keepLargest } from "./largest.ts";

/** Sums of tallies by severity, which is all that a score needs of them. */
export function createScore() {
  const sums = { before: new Map<Severity, Sum>(), after: new Map<Severity, Sum>() };
  return {
    add(when: keyof PreviewScore, { severity, checked, passed }: Tally): void {
      const sum = sums[when].get(severity) ?? { severity, checked: 0, passed: 0 };
      sums[when].set(severity, {
        severity,
        checked: sum.checked + checked,
        passed: sum.passed + passed,
      });
    },
    result: (): PreviewScore => ({
      before: scoreOf(sums.before.values()),
      after: scoreOf(sums.after.values()),
    }),
  };
}

type Sum = Pick<Tally, "severity" | "checked" | "passed">;
export type Score = ReturnType<typeof createScore>;

export interface ComplianceSumOptions {
  readonly limit: number;
  /** Only what they answer for. */
  readonly owner: string | undefined;
}

export function createComplianceSums({ limit, owner }: ComplianceSumOptions) {
  const fleet = createScore();
  const items = keepLargest<FindingOfHost>(limit, byWeight);
  const count = { opens: 0, closes: 0 };
  const isTheirs = (whose: string | undefined) => owner === undefined || whose === owner;

  return {
    /** `scoresOf`: which other scores a thing of this owner counts for. */
    add(
      judgements: Judgements,
      host: Pick<PreviewFinding, "hostId" | "host">,
      scoresOf: (owner: string | undefined) => readonly Score[],
    ): void {
      for (const when of ["before", "after"] as const) {
        for (const tally of judgements[when].tallies.filter((tally) => isTheirs(tally.owner))) {
          for (const score of [fleet, ...scoresOf(tally.owner)]) score.add(when, tally);
        }
      }
      for (const change of ["opens", "closes"] as const) {
        for (const finding of judgements[change].filter(({ subject }) => isTheirs(subject.owner))) {
          count[change] += 1;
          items.add({ change, host, finding });
        }
      }
    },

    result: (): PolicyPreview["compliance"] => ({
      score: fleet.result(),
      ...count,
      items: items.result().map(toItem),
    }),
  };
}

interface FindingOfHost {
  readonly change: PreviewFinding["change"];
  readonly host: Pick<PreviewFinding, "hostId" | "host">;
  readonly finding: Finding;
}

function toItem({ change, host, finding }: FindingOfHost): PreviewFinding {
  const { policy, check, severity, subject } = finding;
  return { change, ...host, policy, check, severity, subject, explanation: explainFinding(finding) };
}

/** What opens before what closes, the worst first. */
function byWeight(a: FindingOfHost, b: FindingOfHost): number {
  return (
    Number(b.change === "opens") - Number(a.change === "opens") ||
    SEVERITIES.indexOf(a.finding.severity) - SEVERITIES.indexOf(b.finding.severity)
  );
}
