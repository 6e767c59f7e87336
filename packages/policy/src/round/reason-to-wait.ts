/** Whether the time of a rule has come: its schedule first, then its windows, then those of the host. */
import { formatInstant, type Instant } from "@shipkeeper/kit";
import { actionKind } from "../actions/catalog.ts";
import { ruleKey, type PolicyRule } from "../language/compile.ts";
import type { Rule, Schedule } from "../language/policy.ts";
import { releaseAt } from "../rollout/rings.ts";
import { isReadable, nextDue, startInOpening } from "../schedule/due.ts";
import { areReadable, nextOpening, openWindow, type Window } from "../schedule/windows.ts";
import type { RoundQuestion } from "./plan-round.ts";
import type { World } from "./world.ts";

/** Why a rule is not looked at now, in words; undefined where it is. Who asks for a rule skips its schedule, no window. */
export function reasonToWait(entry: PolicyRule, question: RoundQuestion): string | undefined {
  const { policy, rule } = entry;
  const { world, trigger, runNow } = question;
  if (rule.windows !== undefined && !areReadable(rule.windows)) return "this agent cannot read its windows";
  if (trigger === "continuous" || runNow?.has(ruleKey(policy.name, rule.name)) === true) {
    return outsideOwnWindows(rule, world);
  }

  const due = whenDue(entry, question);
  if ("why" in due) return due.why;
  const { dueAt, schedule } = due;
  if (dueAt > world.now) return `due ${formatInstant(dueAt)}`;
  const closed = outsideOwnWindows(rule, world);
  if (closed !== undefined) return closed;

  const opening = openWindow(rule.windows ?? [], world.now);
  if (opening !== undefined && dueAt < opening.opensAt) {
    const startsAt = startInOpening(schedule, opening, world.hostId);
    if (startsAt > world.now) return `due ${formatInstant(startsAt)}`;
  }
  // It waits and stays due: a plan that only observes would count as its run.
  return outsideHostWindows(entry, world);
}

function outsideOwnWindows({ windows }: Rule, world: World): string | undefined {
  if (windows === undefined || openWindow(windows, world.now) !== undefined) return undefined;
  return `window opens ${opensAt(windows, world)}`;
}

/** Of a rule that would destroy something outside the windows of its host's guardrails: until when, in words. */
export function outsideHostWindows({ rule }: PolicyRule, world: World): string | undefined {
  const { windows } = world.guardrails;
  const isDestructive = rule.mode === "enforce" && actionKind(rule.kind)?.destructive !== false;
  if (!isDestructive || windows.length === 0 || openWindow(windows, world.now) !== undefined)
    return undefined;
  return `outside the host's windows, opens ${opensAt(windows, world)}`;
}

function opensAt(windows: readonly Window[], { now }: World): string {
  const opening = nextOpening(windows, now);
  return opening === undefined ? "never" : formatInstant(opening.opensAt);
}

function whenDue(
  { policy, rule }: PolicyRule,
  { world, bundle, lastRuns }: RoundQuestion,
): { why: string } | { dueAt: Instant; schedule: Schedule } {
  const { schedule, windows } = rule;
  if (schedule === undefined) return { why: "has no schedule" };
  if (!isReadable(schedule)) return { why: "this agent cannot read its schedule" };

  const dueAt = nextDue(schedule, {
    hostId: world.hostId,
    lastRunAt: lastRuns.get(ruleKey(policy.name, rule.name)),
    // A rule that was pushed at noon missed nothing this night.
    since: Math.max(
      world.ledger.bornAt,
      releaseAt(bundle, { hostId: world.hostId, labels: world.hostLabels }),
    ),
    now: world.now,
    windows,
  });
  return dueAt === undefined ? { why: "never due" } : { dueAt, schedule };
}
