/** What the conditions of now mean for the alerts: which open, change, come back, and resolve. Pure. */
import { HOUR_MS, MINUTE_MS, type Instant } from "@shipkeeper/kit";
import { SEVERITIES, type Severity } from "@shipkeeper/policy";
import type { Alert } from "../store/alerts.ts";
import type { Condition } from "./conditions.ts";

/** So soon somebody shall take an alert on. */
export const RESPONSE_MS: Readonly<Record<Severity, number>> = {
  critical: 15 * MINUTE_MS,
  high: HOUR_MS,
  medium: 4 * HOUR_MS,
  low: 24 * HOUR_MS,
};

/** A condition that comes back this soon is the same alert. */
export const SAME_ALERT_MS = HOUR_MS;

/**
 * The alerts that are not as they were. `known` are those that are open, or were resolved within `SAME_ALERT_MS`;
 * each key stands in `conditions` once.
 */
export function settleAlerts(
  known: readonly Alert[],
  conditions: readonly Condition[],
  now: Instant,
  newId: () => string,
): Alert[] {
  // The newest of a key: of two that were resolved, it is that one which goes on.
  const ofKey = new Map(known.map((alert) => [alert.key, alert]));
  const lasting = new Set(conditions.map(({ key }) => key));

  const resolved = known
    .filter(({ key, resolvedAt }) => resolvedAt === undefined && !lasting.has(key))
    .map((alert) => ({ ...alert, resolvedAt: now }));
  const others = conditions.map((condition) => {
    const before = ofKey.get(condition.key);
    return before === undefined ? opened(condition, now, newId) : goesOn(before, condition, now);
  });
  return [...resolved, ...others.filter((alert) => !known.includes(alert))];
}

function opened(condition: Condition, now: Instant, newId: () => string): Alert {
  const dueAt = now + RESPONSE_MS[condition.severity];
  return { id: newId(), ...condition, openedAt: now, dueAt, count: 1 };
}

function goesOn(before: Alert, condition: Condition, now: Instant): Alert {
  const isBack = before.resolvedAt !== undefined;
  const isWorse = SEVERITIES.indexOf(condition.severity) < SEVERITIES.indexOf(before.severity);
  if (!isBack && !isWorse && isAsBefore(before, condition)) return before;

  const isTaken = before.acknowledgedAt !== undefined && !isWorse;
  const { acknowledgedAt, acknowledgedBy, note, ...alert } = before;
  return {
    ...alert,
    ...condition,
    // Who took it on did so as it was: what has become worse is for somebody to take on again.
    ...(isTaken ? { acknowledgedAt, acknowledgedBy, note } : {}),
    dueAt: isWorse || (isBack && !isTaken) ? now + RESPONSE_MS[condition.severity] : before.dueAt,
    resolvedAt: undefined,
    count: before.count + (isBack ? 1 : 0),
  };
}

function isAsBefore(alert: Alert, condition: Condition): boolean {
  return (Object.keys(condition) as (keyof Condition)[]).every((key) => alert[key] === condition[key]);
}
