import type { Verdict } from "../actions/action.ts";
import { checkBackup } from "./check-backup.ts";
import { checkDrill, checkRebuild } from "./check-drill.ts";
import { isProtected } from "./check-never-touch.ts";
import { checkContainerRemoval, checkImageRemoval } from "./check-prune-step.ts";
import { checkForgetting } from "./check-retain.ts";
import { checkHeal } from "./check-restart.ts";
import { checkBuildCacheRemoval, checkNetworkRemoval, checkVolumeRemoval } from "./check-prune-rest.ts";
import { hasGap } from "./has-gap.ts";
import type { World } from "./world.ts";

/** What is wrong with a step of a rule whose own words are `spec`, undecoded. */
export type Check = (step: Verdict, world: World, spec: unknown) => (string | false)[];

/** Kind, verb and type of target → what forbids the step. A step that stands nowhere here is forbidden. */
const CHECKS: Readonly<Record<string, Check>> = {
  "prune remove image": checkImageRemoval,
  "prune remove container": checkContainerRemoval,
  "prune remove volume": checkVolumeRemoval,
  "prune remove network": checkNetworkRemoval,
  "prune remove build-cache": checkBuildCacheRemoval,
  "backup back-up dataset": checkBackup,
  "backup copy dataset": checkBackup,
  "restart restart container": checkHeal,
  "restart kill container": checkHeal,
  "restart recreate container": checkHeal,
  "expire announce container": checkExpiry,
  "expire stop container": checkExpiry,
  "expire remove container": checkExpiry,
  "retain forget restore-point": checkForgetting,
  // Depends on the rule and on what else goes: see `check-registry.ts`.
  "registry remove registry-tag": () => [],
  "drill drill dataset": checkDrill,
  "rebuild rebuild host": checkRebuild,
  "verify check-structure repository": checkVerify,
  "verify read-subset repository": checkVerify,
  "verify sample dataset": checkVerify,
};

/** What of the built-in floors and the guardrails one step would break. */
export function checkStep(
  step: Verdict,
  { kind, world, spec }: { kind: string; world: World; spec: unknown },
): string[] {
  const check = CHECKS[`${kind} ${step.decision} ${step.target.type}`];
  if (check === undefined) return [`${kind} has no step "${step.decision}" for type ${step.target.type}`];

  const violations = check(step, world, spec).filter((violation) => violation !== false);
  if (step.expect === undefined) violations.push("does not say what it relies on");
  return violations.map((violation) => `${step.decision} ${step.target.id}: ${violation}`);
}

/** A look changes nothing: it only has to be at what is there. */
function checkVerify({ target, expect }: Verdict, world: World): (string | false)[] {
  const { inventory, guardrails, repositories, ledger } = world;
  const repository = expect?.["repository"];
  const points = ledger.restorePoints.filter((point) => point.repository === repository);
  const isSampled = target.type === "dataset";
  const held = points.some(({ id, dataset }) => dataset === target.id && id === expect?.["restorePoint"]);
  const volume = inventory.volumes.find(({ name }) => `volume:${name}` === target.id);
  return [
    !repositories.some((name) => name === repository) && "in an unknown repository",
    points.length === 0 && "the repository holds nothing",
    isSampled && !held && "of a restore point that the repository does not hold",
    isSampled &&
      volume !== undefined &&
      isProtected(guardrails, guardrails.neverTouch.volumes, [volume.name], volume.labels) &&
      "never to be touched",
  ];
}

function checkExpiry(
  { target, decision }: Verdict,
  { inventory, guardrails, self }: World,
): (string | false)[] {
  const container = inventory.containers.find(({ id }) => id === target.id);
  if (container === undefined) return ["not in the inventory"];
  const { id, state, name, labels, swarm, kubernetes, autoRemove } = container;
  const wanted = decision === "remove" ? "exited" : "running";
  const lends = inventory.containers.some(({ privileges }) =>
    [`container:${id}`, `container:${name}`].includes(privileges.networkMode),
  );
  return [
    hasGap(inventory.gaps) && "the inventory has gaps",
    state !== wanted && `is ${state}`,
    (self.includes(id) || self.includes(name)) && "belongs to the agent",
    isProtected(guardrails, guardrails.neverTouch.containers, [name], labels) && "never to be touched",
    (swarm !== undefined || kubernetes !== undefined) && "belongs to an orchestrator",
    autoRemove && "would be removed",
    lends && "another container lives in its network",
  ];
}
