import { explainVerdict, isActed, isStep, type RuleVerdict } from "@shipkeeper/policy";
import type { KeptCount, PreviewChanges, PreviewTally, StepCount } from "@shipkeeper/protocol";

/** Counts verdicts, by what is done and by why nothing is. */
export function createTally() {
  const acts = new Map<string, StepCount>();
  const observes = new Map<string, StepCount>();
  const kept = new Map<string, KeptCount>();

  const countStep = (into: Map<string, StepCount>, { verdict }: RuleVerdict) => {
    const { decision, target, bytes = 0 } = verdict;
    const key = `${decision} ${target.type}`;
    const count = into.get(key) ?? { decision, type: target.type, count: 0, bytes: 0 };
    into.set(key, { ...count, count: count.count + 1, bytes: count.bytes + bytes });
  };

  return {
    add(entry: RuleVerdict): void {
      const { rule, verdict } = entry;
      if (isActed(entry)) return countStep(acts, entry);
      if (isStep(verdict)) return countStep(observes, entry);
      const { decision, reason, target } = verdict;
      const key = `${rule.kind} ${decision} ${reason.why}`;
      const known = kept.get(key);
      if (known !== undefined) {
        known.count += 1;
        return;
      }
      const example = `${target.name}: ${explainVerdict(rule.kind, verdict)}`;
      kept.set(key, { kind: rule.kind, decision, why: reason.why, count: 1, example });
    },

    /** Largest counts first. */
    result: (): PreviewTally => ({
      acts: sorted(acts.values()),
      observes: sorted(observes.values()),
      kept: sorted(kept.values()),
    }),
  };
}

/** Counts what is done newly, and no longer. */
export function createChanges() {
  const changes: PreviewChanges = { newly: { count: 0, bytes: 0 }, noLonger: { count: 0, bytes: 0 } };
  return {
    add(change: keyof PreviewChanges, { verdict }: RuleVerdict): void {
      changes[change].count += 1;
      changes[change].bytes += verdict.bytes ?? 0;
    },
    result: (): PreviewChanges => changes,
  };
}

function sorted<Count extends { readonly count: number }>(counts: Iterable<Count>): Count[] {
  return [...counts].sort((a, b) => b.count - a.count);
}
