/** How far the fleet is as the policies want it, which way that goes, and what is worst. */
import { DAY_MS } from "@shipkeeper/kit";
import { SEVERITIES } from "@shipkeeper/policy";
import type { CheckFindings, ReportedCompliance } from "@shipkeeper/protocol";
import type { ComplianceFacts, FindingsFact, ScoreFact } from "./fleet-facts.ts";

const OWNERS_SHOWN = 12;
const HOSTS_SHOWN = 5;

export function reportCompliance({
  score,
  owners,
  findings,
  notJudged,
}: ComplianceFacts): ReportedCompliance {
  const count = (isWaived: boolean) =>
    findings.reduce((sum, group) => sum + (group.isWaived === isWaived ? group.count : 0), 0);
  return {
    ...trendOf(score),
    open: count(false),
    waived: count(true),
    history: [...(score?.history ?? [])],
    byCheck: [...Map.groupBy(findings, ({ check, severity }) => `${check} ${severity}`).values()]
      .flatMap(checkFindings)
      .sort(
        (a, b) =>
          Number(a.open === 0) - Number(b.open === 0) ||
          SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
          b.open - a.open ||
          (a.check < b.check ? -1 : 1),
      ),
    byOwner: owners
      .filter((owner) => owner.score !== undefined)
      .map(({ owner, ...ofOwner }) => ({ owner, ...trendOf(ofOwner) }))
      .sort((a, b) => (a.score ?? 0) - (b.score ?? 0) || b.open - a.open)
      .slice(0, OWNERS_SHOWN),
    notJudged: notJudged.slice(0, HOSTS_SHOWN),
  };
}

function trendOf(fact: ScoreFact | undefined) {
  const { score, open = 0, history = [] } = fact ?? {};
  const newest = history.at(-1)?.day ?? 0;
  const ago = (days: number) => history.findLast(({ day }) => day <= newest - days * DAY_MS)?.score;
  return { score, weekAgo: ago(7), monthAgo: ago(30), open };
}

function checkFindings(groups: readonly FindingsFact[]): CheckFindings[] {
  const count = (isWaived: boolean) =>
    groups.reduce((sum, group) => sum + (group.isWaived === isWaived ? group.count : 0), 0);
  const group = groups.find(({ isWaived }) => !isWaived) ?? groups[0];
  if (group === undefined) return [];
  const { check, title, severity, owner, example } = group;
  return [
    { check, title, severity, open: count(false), waived: count(true), example: { ...example, owner } },
  ];
}
