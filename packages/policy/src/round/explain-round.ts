/**
 * A round as text, for a log, a dry run, a preview and the dashboard alike. Owns the layout; what a reason means is the
 * kind's to say.
 */
import { formatBytes, formatInstant, printableByNumber } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../actions/action.ts";
import { actionKind } from "../actions/catalog.ts";
import { explainOther } from "../actions/explain-other.ts";
import type { PlannedRule, Round, WaitingRule } from "./round.ts";

const MOST_NAME = 60;
const MOST_SENTENCE = 200;
const LEAST_DECISION = 8;
const LEAST_NAME = 15;

export interface ExplainOptions {
  readonly hostName: string;
  /** The rest of a rule's list is only counted. */
  readonly mostPerRule?: number;
}

export function explainRound(round: Round, { hostName, mostPerRule = 500 }: ExplainOptions): string {
  const shown = round.planned.map((rule) => ({ rule, verdicts: rule.verdicts.slice(0, mostPerRule) }));
  const widths = widthsOf(shown.flatMap(({ verdicts }) => verdicts));
  const mode = round.planned.some((rule) => rule.mode === "enforce") ? "enforce" : "observe";

  const lines = [
    `round ${formatInstant(round.at)} on ${printableByNumber(hostName, MOST_NAME)}, ${policiesOf(round)} (${mode})`,
    ...shown.flatMap(({ rule, verdicts }) => [
      ruleLine(rule, `${summaryOf(rule)}${modeNote(rule, mode)}`, widths),
      ...verdicts.map((verdict) => verdictLine(rule.kind, verdict, widths)),
      ...moreLine(rule.verdicts.length - verdicts.length),
    ]),
    ...round.waiting.map((rule) =>
      ruleLine(rule, `waits: ${printableByNumber(rule.why, MOST_SENTENCE)}`, widths),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** One verdict in words; for a kind that this version does not know, its code and facts. */
export function explainVerdict(kind: string, verdict: Verdict): string {
  const sentence = actionKind(kind)?.explain(verdict) ?? explainOther(verdict.reason);
  const { owner } = verdict.target;
  const whose = isStep(verdict) && owner !== undefined ? `, owner ${owner}` : "";
  return printableByNumber(`${sentence}${whose}`, MOST_SENTENCE);
}

interface Widths {
  readonly decision: number;
  readonly name: number;
}

function widthsOf(verdicts: readonly Verdict[]): Widths {
  const longest = (texts: string[], least: number) =>
    Math.max(least, ...texts.map(({ length }) => length + 2));
  return {
    decision: longest(
      verdicts.map(({ decision }) => printableByNumber(decision, MOST_NAME)),
      LEAST_DECISION,
    ),
    name: longest(
      verdicts.map(({ target }) => printableByNumber(target.name, MOST_NAME)),
      LEAST_NAME,
    ),
  };
}

function policiesOf({ planned, waiting, revision }: Round): string {
  const names = [
    ...new Set([...planned, ...waiting].map(({ policy }) => printableByNumber(policy, MOST_NAME))),
  ];
  if (names.length === 0) return `no policy r${revision}`;
  return `${names.length === 1 ? "policy" : "policies"} ${names.join(", ")} r${revision}`;
}

function ruleLine({ kind, rule }: PlannedRule | WaitingRule, text: string, widths: Widths): string {
  const name = `${printableByNumber(kind, MOST_NAME)} ${printableByNumber(rule, MOST_NAME)}`;
  return `  ${name.padEnd(widths.decision + widths.name + 1)} ${text}`;
}

function verdictLine(kind: string, verdict: Verdict, widths: Widths): string {
  const decision = printableByNumber(verdict.decision, MOST_NAME).padEnd(widths.decision);
  const name = printableByNumber(verdict.target.name, MOST_NAME).padEnd(widths.name);
  return `    ${decision}${name}${explainVerdict(kind, verdict)}`;
}

function summaryOf({ kind, verdicts, limitBytes }: PlannedRule): string {
  const summary = actionKind(kind)?.summarize(verdicts) ?? `${verdicts.filter(isStep).length} steps`;
  return limitBytes === undefined ? summary : `${summary}, limit ${formatBytes(limitBytes)}`;
}

function modeNote({ mode, heldBackBy }: PlannedRule, roundMode: string): string {
  if (heldBackBy !== undefined) return `; observes only: ${printableByNumber(heldBackBy, MOST_SENTENCE)}`;
  return mode === roundMode ? "" : "; observes only";
}

function moreLine(count: number): string[] {
  return count === 0 ? [] : [`    … and ${count} more`];
}
