/** What people must hear of policies at once: a rollout that was halted, and hosts that were offered what nobody signed. */
import { printable } from "@shipkeeper/kit";
import type { NextThing } from "@shipkeeper/protocol";
import { alarmOf } from "../alarm-codes.ts";
import type { FleetFacts, TroubleFact } from "./fleet-facts.ts";

export function haltedRollout({ haltedRollout: halted }: FleetFacts): NextThing[] {
  if (halted === undefined) return [];
  const { revision, by, reasons } = halted;
  return [
    {
      urgency: "now",
      kind: "rollout-halted",
      what: `Mend or roll back policy revision ${revision}: hosts that have it only observe`,
      why: printable(`halted by ${by}: ${reasons.join("; ")}`, 300),
    },
  ];
}

/** The newest of each code and host. */
export function policyAlarms({ troubles }: FleetFacts): NextThing[] {
  const newestFirst = troubles.toSorted((a, b) => b.at - a.at);
  const latest = new Map<string, TroubleFact>();
  for (const trouble of newestFirst) {
    const key = `${trouble.code} ${trouble.host}`;
    if (!latest.has(key)) latest.set(key, trouble);
  }
  return [...latest.values()].flatMap(({ host, code, message }) => {
    const alarm = alarmOf(code);
    if (alarm === undefined) return [];
    const what = alarm.what(printable(host, 60));
    return [{ urgency: "now" as const, kind: alarm.kind, what, why: printable(message, 300), host }];
  });
}
