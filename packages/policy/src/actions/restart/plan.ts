/**
 * Which sick containers are healed now, and how: diagnosis, then what holds healing back, then the budget, then the
 * rung. The ledger remembers the tries, and how a rung is climbed is not known here.
 */
import type { Container } from "@shipkeeper/model";
import { selectsContainer } from "../../language/select.ts";
import type { World } from "../../round/world.ts";
import { isStep, type Plan, type VerdictFor } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import { expectContainer, type Expectation } from "../expectation.ts";
import { isSelf, protectsContainer } from "../never-touch.ts";
import { containerTarget } from "../target.ts";
import { breakerOf, nextTryAt, pendingTry, triesWithin } from "./budget.ts";
import type { Diagnosis } from "./diagnose.ts";
import { examine, isAiling, isWatched, type Patient } from "./patient.ts";
import { rationOf } from "./ration.ts";
import type { HealableSign, RestartReason } from "./reason.ts";
import { rootsAmong, type Root } from "./roots.ts";
import { rungFor } from "./rung.ts";
import type { Sign } from "./sign.ts";
import type { RestartSpec } from "./spec.ts";
import { stopTimeoutSeconds } from "./stop-timeout.ts";
import { FLEET_STORM_HOSTS, pressureOf, stormOf, type Storm } from "./storm.ts";
import { reasonToLeave } from "./suppress.ts";

export type RestartVerdict = VerdictFor<RestartReason>;
type Judgement = Pick<RestartVerdict, "decision" | "reason">;

interface Question {
  readonly spec: RestartSpec;
  readonly world: World;
  readonly rootOf: (patient: Patient) => Root | undefined;
  readonly storm: Storm | undefined;
}

type Sick = Patient & { readonly diagnosis: Diagnosis };

/** A verdict for every container that is watched or sick: what is healed first, then the longest sick. */
export function planRestart(spec: RestartSpec, world: World): Plan {
  const all = world.inventory.containers.map((container) => examine(container, world, spec));
  const rootOf = rootsAmong(all, world);
  const question = { spec, world, rootOf, storm: stormAmong(all, rootOf, { spec, world }) };
  const judged = all
    .filter(({ container, diagnosis }) => diagnosis !== undefined || isWatched(container, world))
    .sort(bySickness)
    .map((patient) => ({ patient, judgement: judge(patient, question) }));

  // Who was tried least goes first, so that what nothing mends takes no turn from what one restart would.
  const steps = judged
    .filter(({ judgement }) => isStep(judgement))
    .sort((a, b) => a.patient.tries.length - b.patient.tries.length || bySickness(a.patient, b.patient));
  const ration = rationOf(spec, world);
  const rationed = steps.map(({ patient, judgement }) =>
    verdictOn(patient, ration(patient.container) ?? judgement),
  );
  const idle = judged
    .filter(({ judgement }) => !isStep(judgement))
    .map(({ patient, judgement }) => verdictOn(patient, judgement));
  return {
    kind: "restart",
    verdicts: [...rationed.filter(isStep), ...rationed.filter((one) => !isStep(one)), ...idle],
  };
}

function bySickness(a: Patient, b: Patient): number {
  return a.since - b.since || (a.container.id < b.container.id ? -1 : 1);
}

/** Of those that are nobody else's fault, and not known to be past mending. */
function stormAmong(
  patients: readonly Patient[],
  rootOf: Question["rootOf"],
  { spec, world }: Pick<Question, "spec" | "world">,
): Storm | undefined {
  const running = patients.filter(({ container }) => container.state === "running");
  const sick = patients.filter(
    (patient) =>
      isAiling(patient) &&
      breakerOf(patient.spent, spec.budget) === undefined &&
      rootOf(patient) === undefined,
  );
  const watched = running.filter(({ container }) => isWatched(container, world)).length;
  return stormOf(
    spec.storm,
    sick.map(({ since }) => since),
    watched,
  );
}

function verdictOn(patient: Patient, { decision, reason }: Judgement): RestartVerdict {
  const { container, diagnosis } = patient;
  const sickness = diagnosis === undefined ? {} : { sign: diagnosis.sign, since: diagnosis.since };
  return {
    target: containerTarget(container),
    decision,
    reason: { ...reason, ...sickness } as RestartReason,
    ...(isStep({ decision }) && { expect: expectPatient(patient) }),
  };
}

/** What a step relies on. Only where the health check gave the sign must it still say so. */
function expectPatient({ container, diagnosis }: Patient): Expectation {
  const { health, ...rest } = expectContainer(container);
  return diagnosis?.sign === "unhealthy" && health !== undefined ? { health, ...rest } : rest;
}

const keep = (reason: RestartReason): Judgement => ({ decision: "keep", reason });
const wait = (reason: RestartReason): Judgement => ({ decision: "wait", reason });

function judge(patient: Patient, question: Question): Judgement {
  const { container, diagnosis } = patient;
  const { spec, world } = question;
  const left = leaveAlone(container, spec, world);
  if (left !== undefined) return left;
  if (diagnosis === undefined) return keepWell(patient, world);

  const sick = { ...patient, diagnosis };
  const suppressed = reasonToLeave(sick, world, spec);
  if (suppressed !== undefined) return wait(suppressed);
  const { sign, evidence } = diagnosis;
  if (sign === "unkillable") return { decision: "hand-over", reason: { why: sign, evidence } };
  const waits = awaitOthers(sick, question);
  if (waits !== undefined) return wait(waits);
  if (!isHealable(sign)) return { decision: "hand-over", reason: { why: sign, evidence } };
  return treat(sick, sign, question);
}

/** Containers that are not this rule's to judge. */
function leaveAlone(container: Container, { select }: RestartSpec, world: World): Judgement | undefined {
  const { swarm, kubernetes } = container;
  const protectedBy = protectsContainer(world.guardrails.neverTouch, container);
  if (protectedBy !== undefined)
    return { decision: "refuse", reason: { why: "never-touch", by: protectedBy } };
  if (isSelf(world.self, container)) return keep({ why: "self" });
  if (
    select !== undefined &&
    !selectsContainer({ names: select.containers, labels: select.labels }, container)
  ) {
    return keep({ why: "not-selected" });
  }
  const exception = exceptionFor(world, containerTarget(container));
  if (exception !== undefined) return keep(exception);
  if (swarm !== undefined) return keep({ why: "orchestrated", by: "swarm" });
  if (kubernetes !== undefined) return keep({ why: "orchestrated", by: "kubernetes" });
  return undefined;
}

/** A container without a sign; one that was just tried has not answered yet. */
function keepWell({ container, tries, since }: Patient, { now }: World): Judgement {
  const { state, health } = container;
  if (state === "exited" || state === "dead") return keep({ why: "not-running" });
  // Somebody or the engine is at work on it, and a paused container cannot answer its check.
  if (state !== "running") return keep({ why: "state", state });
  if (health.status === "healthy") return keep({ why: "healthy" });

  const last = tries.at(-1);
  const sickness =
    last === undefined && health.unhealthySince === undefined
      ? {}
      : { sign: last?.sign ?? "unhealthy", since: Math.min(since, last?.at ?? since) };
  const pending = pendingTry(tries, container, now);
  if (pending !== undefined) return wait({ why: "verifying", ...pending, ...sickness });
  return health.status === "starting" ? keep({ why: "starting", ...sickness }) : keep({ why: "healthy" });
}

/** What is not this container's own illness. */
function awaitOthers(sick: Sick, { world: { signals }, rootOf, storm }: Question): RestartReason | undefined {
  const root = rootOf(sick);
  if (root !== undefined) {
    const { id, name } = root.container;
    return { why: "dependency", root: { id, name }, rootIs: root.state, until: root.until };
  }
  if (storm !== undefined) return { why: "host-storm", ...storm };
  const hosts = signals.sickImages.get(sick.container.imageId) ?? 0;
  return hosts >= FLEET_STORM_HOSTS ? { why: "fleet-storm", hosts } : undefined;
}

/** What another start cannot mend is for people. */
function isHealable(sign: Sign): sign is HealableSign {
  return sign === "unhealthy" || sign === "ghost" || sign === "probe-failed";
}

/** Every `wait` ends by itself; `give-up` ends when the container is well, or somebody starts it by hand. */
function treat(sick: Sick, sign: HealableSign, { spec, world }: Question): Judgement {
  const { container, diagnosis, tries, spent } = sick;
  const { budget } = spec;
  const { now } = world;
  // The engine would remove it the moment it stops, and nothing would start again.
  if (container.autoRemove) return { decision: "refuse", reason: { why: "auto-remove" } };
  const { confirmed, since, evidence } = diagnosis;
  if (!confirmed) return wait({ why: "confirming", evidence });

  // First of all: a try that may still heal it is neither repeated nor given up.
  const pending = pendingTry(tries, container, now);
  if (pending !== undefined) return wait({ why: "verifying", ...pending });
  const pressure = pressureOf(world.signals.load);
  if (pressure !== undefined) return wait({ why: "host-pressure", ...pressure });

  const breaker = breakerOf(spent, budget);
  if (breaker !== undefined && now < (breaker.againAt ?? Infinity)) {
    const { tries: attempts, againAt } = breaker;
    return { decision: "give-up", reason: { why: "budget-used", attempts, perMs: budget.per, againAt } };
  }
  const nextAt = nextTryAt(tries);
  if (nextAt !== undefined && now < nextAt) {
    return wait({ why: "backing-off", failures: tries.length, nextAt });
  }
  return {
    decision: rungFor(sick, spec, world),
    reason: {
      why: sign,
      sign,
      since,
      evidence,
      attempt: triesWithin(spent, budget.per, now).length + 1,
      attempts: budget.restarts,
      later: breaker !== undefined,
      stopTimeoutSeconds: stopTimeoutSeconds(container, spec),
    },
  };
}
