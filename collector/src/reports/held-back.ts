import type { FleetReport, HeldReason } from "@shipkeeper/protocol";
import type { FleetFacts, HeldFact } from "./fleet-facts.ts";

/** What asks most for a person's eyes comes first; what was kept for good reason comes last. */
const ORDER = ["hand-over", "give-up", "refuse", "wait", "keep"];

export function reportHeldBack({ held, waitingRules }: FleetFacts): FleetReport["heldBack"] {
  return {
    byReason: [
      ...Map.groupBy(held, ({ decision, action, why }) => [decision, action, why].join(" ")).values(),
    ]
      .flatMap(reasonOf)
      .sort((a, b) => ORDER.indexOf(a.decision) - ORDER.indexOf(b.decision) || b.count - a.count),
    waitingRules: [...Map.groupBy(waitingRules, ({ rule, why }) => `${rule} ${why}`).values()]
      .flatMap(([first, ...more]) =>
        first === undefined ? [] : [{ rule: first.rule, why: first.why, hosts: more.length + 1 }],
      )
      .sort((a, b) => b.hosts - a.hosts),
  };
}

function reasonOf(members: readonly HeldFact[]): HeldReason[] {
  const [example] = members;
  if (example === undefined) return [];
  const { decision, action, why, host, target, words } = example;
  return [
    {
      decision,
      action,
      why,
      count: members.length,
      hosts: new Set(members.map((member) => member.host)).size,
      example: { host, target: target.name, words },
    },
  ];
}
