/**
 * Whether a round may be acted on, judged anew from the world and the signed policies alone. It shares no code with the
 * planners, so that a mistake of theirs does not repeat itself here; it says what is wrong, never how it came about.
 */
import { isStep } from "../actions/action.ts";
import type { PolicyBundle } from "../language/policy.ts";
import { checkCoverage } from "./check-coverage.ts";
import { checkExceptions } from "./check-exceptions.ts";
import { checkDay, checkLimits } from "./check-limits.ts";
import { checkRights } from "./check-rights.ts";
import { checkStep } from "./check-step.ts";
import type { Round } from "./round.ts";
import { specIn } from "./spec-in.ts";
import type { World } from "./world.ts";

/** One sentence for each thing that must not be so; none where the round is sound. */
export function checkRound(round: Round, world: World, bundle: PolicyBundle): string[] {
  const violations = round.planned.flatMap((planned) =>
    [
      ...checkRights(planned, world, bundle),
      ...checkCoverage(planned, world, specIn(bundle, planned)),
      ...checkLimits(planned, world, bundle),
      ...planned.verdicts
        .filter(isStep)
        .flatMap((step) => [
          ...checkStep(step, { kind: planned.kind, world, spec: specIn(bundle, planned) }),
          ...checkExceptions(planned, step, world, bundle),
        ]),
    ].map((violation) => `${planned.policy}/${planned.rule}: ${violation}`),
  );
  return [...violations, ...checkOnce(round), ...checkDay(round, world)];
}

/** No rule twice, and nothing that two rules would both do. */
function checkOnce({ planned, waiting }: Round): string[] {
  const rules = [...planned, ...waiting].map(({ policy, rule }) => `rule ${policy}/${rule}`);
  const steps = planned
    .filter(({ mode }) => mode === "enforce")
    .flatMap(({ verdicts }) => verdicts.filter(isStep))
    .map(({ target, expect }) =>
      `step on ${target.type} ${target.id} ${expect?.["repository"] ?? ""}`.trim(),
    );
  return [...repeated(rules), ...repeated(steps)].map((one) => `${one} stands in the round twice`);
}

function repeated(items: readonly string[]): string[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))];
}
