import { isStep, type Verdict } from "../actions/action.ts";
import { catalog } from "../actions/catalog.ts";
import type { PolicyBundle } from "../language/policy.ts";
import { checkExpire } from "./check-expire.ts";
import { checkRegistry } from "./check-registry.ts";
import { checkHeals } from "./check-restart.ts";
import type { PlannedRule, Round } from "./round.ts";
import { over } from "./over.ts";
import { specIn } from "./spec-in.ts";
import { NOTHING_TODAY, type RuleDay } from "./step-counts.ts";
import type { World } from "./world.ts";

/** The limits of one run: the policy's own, the guardrails', and the budget of every container. */
export function checkLimits(planned: PlannedRule, world: World, bundle: PolicyBundle): string[] {
  const steps = planned.verdicts.filter(isStep);
  const spec = specIn(bundle, planned);
  const today = world.ledger.ruleDays.get(`${planned.policy}/${planned.rule}`) ?? NOTHING_TODAY;
  if (planned.kind === "prune") return checkPrune(steps, world, { spec, today });
  if (planned.kind === "registry") return checkRegistry(planned.verdicts, world, { spec, today });
  if (planned.kind === "restart") return checkHeals(steps, world, spec);
  if (planned.kind === "expire") return checkExpire(planned, world, spec);
  return [];
}

/** The limits per day hold for everything that the round enforces together, on top of what was done before. */
export function checkDay({ planned }: Round, { guardrails, ledger }: World): string[] {
  const steps = planned
    .filter(({ mode }) => mode === "enforce")
    .flatMap(({ verdicts }) => verdicts.filter(isStep));
  const { images, containers, volumes, networks, restarts } = guardrails.limits.perDay;
  const { lastDay } = ledger;
  return [
    over("images a day", lastDay.images, removals(steps, "image"), images),
    over("containers a day", lastDay.containers, touched(steps), containers),
    over("volumes a day", lastDay.volumes, removals(steps, "volume"), volumes),
    over("networks a day", lastDay.networks, removals(steps, "network"), networks),
    over(
      "restarts a day",
      lastDay.restarts,
      steps.filter(({ decision }) => ["restart", "kill", "recreate"].includes(decision)).length,
      restarts,
    ),
  ].flat();
}

function checkPrune(
  steps: readonly Verdict[],
  { inventory, guardrails }: World,
  { spec: rawSpec, today }: { spec: unknown; today: RuleDay },
): string[] {
  const spec = catalog.prune.spec.safeParse(rawSpec);
  if (!spec.success) return ["its limits cannot be read"];
  const { limits } = spec.data;
  const { perRun } = guardrails.limits;
  const images = removals(steps, "image");
  const containers = removals(steps, "container");
  const volumes = removals(steps, "volume");
  const networks = removals(steps, "network");
  const bytes = steps.reduce((total, step) => total + (step.bytes ?? 0), 0);
  const share = (count: number) => Math.max(10, Math.floor((limits.share / 100) * count));
  return [
    over("items", 0, steps.length, limits.items),
    over("bytes", 0, bytes, limits.bytes),
    over("items a day", today.items, steps.length, limits.perDay.items),
    over("bytes a day", today.bytes, bytes, limits.perDay.bytes),
    over("share of images", 0, images, share(inventory.images.length)),
    over("share of containers", 0, containers, share(inventory.containers.length)),
    over("share of volumes", 0, volumes, share(inventory.volumes.length)),
    over("share of networks", 0, networks, share(inventory.networks.length)),
    over("images a run", 0, images, perRun.images),
    over("containers a run", 0, containers, perRun.containers),
    over("volumes a run", 0, volumes, Math.min(5, perRun.volumes ?? 5)),
    over("networks a run", 0, networks, perRun.networks),
    over("bytes a run", 0, bytes, perRun.bytes),
  ].flat();
}

function removals(steps: readonly Verdict[], type: string): number {
  return steps.filter(({ target, decision }) => target.type === type && decision === "remove").length;
}

/** Containers that go, or that stop for good. */
function touched(steps: readonly Verdict[]): number {
  const stops = steps.filter(({ decision }) => decision === "stop").length;
  return removals(steps, "container") + stops;
}
