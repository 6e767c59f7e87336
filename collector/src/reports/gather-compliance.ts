import { DAY_MS, type Instant } from "@shipkeeper/kit";
import { complianceCheck } from "@shipkeeper/policy";
import type { ApiScore } from "@shipkeeper/protocol";
import type { FactSource } from "./fact-source.ts";
import type { ComplianceFacts, ScoreFact } from "./fleet-facts.ts";

/** A month and the day that it is compared with. */
const HISTORY_DAYS = 31;

export async function gatherCompliance(
  { findings, judgements }: FactSource,
  nameOf: ReadonlyMap<string, string>,
  now: Instant,
): Promise<ComplianceFacts> {
  const since = now - HISTORY_DAYS * DAY_MS;
  const groups = await findings.groups(now);
  const [fleet] = judgements.scores({ since, scope: "fleet" });
  return {
    score: fleet === undefined ? undefined : scoreFact(fleet),
    owners: judgements
      .scores({ since, scope: "owner" })
      .map((score) => ({ owner: score.name, ...scoreFact(score) })),
    findings: groups.map(({ example: { hostId, ...example }, ...group }) => ({
      ...group,
      title: complianceCheck(group.check)?.title ?? group.check.replaceAll("-", " "),
      example: { host: nameOf.get(hostId) ?? hostId, ...example },
    })),
    notJudged: judgements.skipped().map(({ hostId, skipped: [first] }) => ({
      host: nameOf.get(hostId) ?? hostId,
      why: first?.why ?? "",
    })),
  };
}

function scoreFact({ score, open, history }: ApiScore): ScoreFact {
  return {
    score,
    open,
    history: history.flatMap(({ day, score: then }) => (then === undefined ? [] : [{ day, score: then }])),
  };
}
