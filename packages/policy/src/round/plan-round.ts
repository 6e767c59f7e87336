/**
 * One pass over the rules of a host: which are due, what each would do, and whether it may. Every right is taken from
 * the minimum of policy and guardrails here or in the planners; whoever acts on a round decides nothing any more.
 */
import { formatInstant } from "@shipkeeper/kit";
import type { RoundId } from "@shipkeeper/model";
import type * as z from "zod";
import type { ActionKind, Trigger } from "../actions/action.ts";
import { actionKind, KINDS } from "../actions/catalog.ts";
import { exceptionsFor, ruleKey, rulesFor, type PolicyRule } from "../language/compile.ts";
import type { PolicyBundle, Rule } from "../language/policy.ts";
import { outsideHostWindows, reasonToWait } from "./reason-to-wait.ts";
import type { PlannedRule, Round, WaitingRule } from "./round.ts";
import { dropTaken, NOTHING_TAKEN, takenBy, type Taken } from "./taken.ts";
import { addCounts } from "./step-counts.ts";
import type { World } from "./world.ts";

export interface RoundQuestion {
  readonly bundle: PolicyBundle;
  readonly world: World;
  /** `ruleKey` → when the rule's last round was. */
  readonly lastRuns: ReadonlyMap<string, number>;
  readonly roundId: RoundId;
  readonly stopFilePresent: boolean;
  /** The revision whose rollout was halted, where the collector said so: it is planned by, and not enforced. */
  readonly haltedRevision?: number | undefined;
  /** Why the guardrails file cannot be used. A limit was meant, so nothing is enforced. */
  readonly guardrailsProblem?: string | undefined;
  /** Scheduled and continuous rules have rounds of their own. */
  readonly trigger: Trigger;
  /** `ruleKey` of rules that somebody asked to run before their time. It changes when, never what. */
  readonly runNow?: ReadonlySet<string> | undefined;
}

export function planRound(question: RoundQuestion): Round {
  const { bundle, world, roundId } = question;
  const planned: PlannedRule[] = [];
  const waiting: WaitingRule[] = [];
  let taken: Taken = NOTHING_TAKEN;

  for (const entry of rulesFor(bundle, world.hostLabels)) {
    // An unknown kind is told of by the scheduled rounds, which are the rarer ones.
    if ((actionKind(entry.rule.kind)?.trigger ?? "scheduled") !== question.trigger) continue;

    const result = lookAt(entry, question, taken);
    if ("why" in result) {
      waiting.push(result);
    } else {
      planned.push(result);
      taken = takenBy(result, taken);
    }
  }
  return { id: roundId, at: world.now, revision: bundle.revision, planned, waiting };
}

/** What one rule comes to, given what the rules before it take. */
function lookAt(entry: PolicyRule, question: RoundQuestion, taken: Taken): PlannedRule | WaitingRule {
  const { policy, rule } = entry;
  const where = { policy: policy.name, rule: rule.name, kind: rule.kind };

  const kind = actionKind(rule.kind);
  if (kind === undefined) {
    return { ...where, why: `this agent knows no action ${rule.kind}, only ${KINDS.join(", ")}` };
  }
  const notYet = reasonToWait(entry, question);
  if (notYet !== undefined) return { ...where, why: notYet };
  const spec = decodedSpec(kind, rule);
  if (!spec.success) return { ...where, why: `this agent cannot read the rule: ${firstIssues(spec.error)}` };

  const heldBackBy = rule.mode === "enforce" ? holdsBack(entry, question) : undefined;
  const exceptions = exceptionsFor(entry, question.world.now);
  const world = { ...afterTaken(question.world, taken), exceptions };
  const plan = kind.plan(spec.data, world, ruleKey(policy.name, rule.name));
  return {
    ...where,
    mode: heldBackBy === undefined ? rule.mode : "observe",
    ...(heldBackBy === undefined ? {} : { heldBackBy }),
    verdicts: dropTaken(plan.verdicts, taken),
    ...(plan.limitBytes === undefined ? {} : { limitBytes: plan.limitBytes }),
  };
}

/** A rule is decoded once, however many rounds look at it. */
function decodedSpec(kind: ActionKind, rule: Rule): z.ZodSafeParseResult<unknown> {
  const known = decoded.get(rule) ?? kind.spec.safeParse(rule.spec);
  decoded.set(rule, known);
  return known;
}

const decoded = new WeakMap<Rule, z.ZodSafeParseResult<unknown>>();

/** Why an enforcing rule may only look, or undefined where it may act. */
function holdsBack(entry: PolicyRule, question: RoundQuestion): string | undefined {
  const { bundle, world, stopFilePresent, guardrailsProblem, haltedRevision } = question;
  if (guardrailsProblem !== undefined) return `guardrails cannot be used: ${guardrailsProblem}`;
  if (stopFilePresent) return `stop file ${world.guardrails.stopFile}`;
  if (world.now >= bundle.expiresAt) return `policy expired ${formatInstant(bundle.expiresAt)}`;
  if (haltedRevision === bundle.revision) return `rollout of revision ${bundle.revision} was halted`;
  return outsideHostWindows(entry, world);
}

function firstIssues({ issues }: z.ZodError): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => [path.join("."), message].filter((part) => part !== "").join(": "))
    .join("; ");
}

/** What earlier rules of the round are about to do counts against the limits per day, as if it were done. */
function afterTaken(world: World, { counts }: Taken): World {
  const { ledger } = world;
  return { ...world, ledger: { ...ledger, lastDay: addCounts(ledger.lastDay, counts) } };
}
