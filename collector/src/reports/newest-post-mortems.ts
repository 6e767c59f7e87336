import type { ApiPostMortem, FleetReport, ReportedPostMortem } from "@shipkeeper/protocol";
import type { FleetFacts } from "./fleet-facts.ts";
import { signalInWords } from "./post-mortem/words.ts";
import { codeInWords } from "./wording.ts";

const SHOWN = 20;
/** Of the time that a report tells of. */
export const MOST_GATHERED = 500;

export function reportPostMortems({
  postMortems,
}: Pick<FleetFacts, "postMortems">): FleetReport["postMortems"] {
  const newest = postMortems.toSorted((a, b) => b.at - a.at).slice(0, SHOWN);
  return { newest, more: postMortems.length - newest.length };
}

/** What the report says of a post-mortem. */
export function postMortemFact({
  id,
  host,
  container,
  owner,
  at,
  ...why
}: ApiPostMortem): ReportedPostMortem {
  return { id, host, container: container.name, owner, at, because: because(why) };
}

type Why = Pick<ApiPostMortem, "trigger" | "sign" | "exitCode" | "outOfMemory">;

function because({ trigger, sign, exitCode, outOfMemory }: Why): string {
  if (trigger === "before-heal") return `before healing: ${codeInWords(sign ?? "sick")}`;
  if (outOfMemory) return "out of memory";
  if (exitCode === undefined) return "ended by itself";
  return exitCode > 128 ? `ended by ${signalInWords(exitCode - 128)}` : `ended with exit code ${exitCode}`;
}
