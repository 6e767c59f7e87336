/**
 * Which sick containers are healed now, and how. Owns patience (confirm, back off, verify) and the budget; the ledger
 * remembers the tries, and how a rung is climbed is not known here.
 */
import { containerIdentity, type Container } from "@shipkeeper/model";
import { selectsContainer } from "../../language/select.ts";
import type { World } from "../../round/world.ts";
import { isStep, type Plan, type VerdictFor } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import { expectContainer, type Expectation } from "../expectation.ts";
import { isSelf, protectsContainer } from "../never-touch.ts";
import { containerTarget } from "../target.ts";
import { attemptsWithin, failuresInARow, nextTryAt, verifyMs } from "./budget.ts";
import { diagnose, type Diagnosis } from "./diagnose.ts";
import type { HealableSign, RestartReason } from "./reason.ts";
import type { Sign } from "./sign.ts";
import type { RestartSpec } from "./spec.ts";

export type RestartVerdict = VerdictFor<RestartReason>;
type Judgement = Pick<RestartVerdict, "decision" | "reason">;

/** A container that somebody watches, and what it has. */
interface Patient {
  readonly container: Container;
  readonly diagnosis: Diagnosis | undefined;
}

/** A verdict for every container that is watched or sick; longest sick first. */
export function planRestart(spec: RestartSpec, world: World): Plan {
  const patients = world.inventory.containers
    .map((container): Patient => ({ container, diagnosis: diagnose(container, world, spec) }))
    .filter(({ container, diagnosis }) => diagnosis !== undefined || isWatched(container, world))
    .sort((a, b) => sickSince(a, world) - sickSince(b, world) || (a.container.id < b.container.id ? -1 : 1));

  const verdicts = patients.map((patient): RestartVerdict => {
    const { container, diagnosis } = patient;
    const judgement = judge(spec, world, patient);
    const expect = isStep(judgement) ? { expect: expectPatient(patient) } : {};
    return {
      target: containerTarget(container),
      ...judgement,
      reason: withSickness(judgement.reason, diagnosis),
      ...expect,
    };
  });
  const limited = limitPerDay(verdicts, world);
  return { kind: "restart", verdicts: [...limited.filter(isStep), ...limited.filter((one) => !isStep(one))] };
}

/** Whether anything tells how a container is. */
function isWatched({ id, health, healthCheck }: Container, { signals }: World): boolean {
  return health.status !== "none" || healthCheck !== undefined || signals.probes.has(id);
}

function sickSince({ container, diagnosis }: Patient, { now }: World): number {
  return diagnosis?.since ?? container.health.unhealthySince ?? now;
}

function withSickness<R extends RestartReason>(reason: R, diagnosis: Diagnosis | undefined): R {
  return diagnosis === undefined ? reason : { ...reason, sign: diagnosis.sign, since: diagnosis.since };
}

/** What a step relies on. Only where the health check gave the sign must it still say so. */
function expectPatient({ container, diagnosis }: Patient): Expectation {
  const { health, ...rest } = expectContainer(container);
  return diagnosis?.sign === "unhealthy" && health !== undefined ? { health, ...rest } : rest;
}

function judge(spec: RestartSpec, world: World, { container, diagnosis }: Patient): Judgement {
  const left = leaveAlone(spec, world, container);
  if (left !== undefined) return left;
  if (diagnosis === undefined) return keepWell(world, container);
  const { sign } = diagnosis;
  if (!isHealable(sign))
    return { decision: "hand-over", reason: { why: sign, evidence: diagnosis.evidence } };
  return leaveAsItIs(container) ?? treat(spec, world, { container, diagnosis: { ...diagnosis, sign } });
}

function keep(reason: RestartReason): Judgement {
  return { decision: "keep", reason };
}

/** Containers that are not this rule's to judge. */
function leaveAlone({ select }: RestartSpec, world: World, container: Container): Judgement | undefined {
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

/** What another start cannot mend is for people. */
function isHealable(sign: Sign): sign is HealableSign {
  return sign === "unhealthy" || sign === "ghost" || sign === "probe-failed";
}

function leaveAsItIs({ state, autoRemove }: Container): Judgement | undefined {
  if (state === "exited" || state === "dead") return keep({ why: "not-running" });
  // Somebody or the engine is at work on it, and a paused container cannot answer its check.
  if (state !== "running") return keep({ why: "state", state });
  // The engine would remove it the moment it stops, and nothing would start again.
  return autoRemove ? { decision: "refuse", reason: { why: "auto-remove" } } : undefined;
}

function keepWell({ ledger, now }: World, container: Container): Judgement {
  const { state, health } = container;
  if (state === "exited" || state === "dead") return keep({ why: "not-running" });
  if (state !== "running") return keep({ why: "state", state });
  if (health.status !== "starting") return keep({ why: "healthy" });
  const last = ledger.restarts.get(containerIdentity(container))?.at(-1);
  const until = (last?.at ?? 0) + verifyMs(container);
  if (last?.result !== "pending" || now >= until) return keep({ why: "starting" });
  const since = health.unhealthySince ?? last.at;
  const reason = { why: "verifying" as const, triedAt: last.at, until, since, sign: last.sign };
  return { decision: "wait", reason };
}

/** What a sick container gets. Every `wait` ends by itself; `give-up` ends when the budget fills again. */
function treat(
  { budget }: RestartSpec,
  { now, ledger }: World,
  { container, diagnosis }: { container: Container; diagnosis: Diagnosis & { sign: HealableSign } },
): Judgement {
  const { sign, since, evidence, confirmed } = diagnosis;
  const wait = (reason: RestartReason): Judgement => ({ decision: "wait", reason });

  if (!confirmed) return wait({ why: "confirming", evidence });

  const attempts = ledger.restarts.get(containerIdentity(container)) ?? [];
  const last = attempts.at(-1);
  // First of all: a try that may still heal it is neither repeated nor given up.
  if (last?.result === "pending" && now < last.at + verifyMs(container)) {
    return wait({ why: "verifying", triedAt: last.at, until: last.at + verifyMs(container) });
  }
  const counted = attemptsWithin(attempts, budget.per, now).length;
  if (counted >= budget.restarts) {
    return { decision: "give-up", reason: { why: "budget-used", attempts: counted, perMs: budget.per } };
  }
  const failures = failuresInARow(attempts, since);
  const nextAt = nextTryAt(attempts, failures);
  if (nextAt !== undefined && now < nextAt) return wait({ why: "backing-off", failures, nextAt });

  const attempt = counted + 1;
  return {
    decision: "restart",
    reason: { why: sign, sign, since, evidence, attempt, attempts: budget.restarts },
  };
}

function limitPerDay(verdicts: readonly RestartVerdict[], { guardrails, ledger }: World): RestartVerdict[] {
  const most = guardrails.limits.perDay.restarts;
  if (most === undefined) return [...verdicts];
  let left = most - ledger.lastDay.restarts;
  return verdicts.map((verdict): RestartVerdict => {
    if (!isStep(verdict)) return verdict;
    left -= 1;
    if (left >= 0) return verdict;
    const { target, reason } = verdict;
    const { sign, since } = reason;
    return {
      target,
      decision: "refuse",
      reason: { why: "limit", limit: "guardrails limits.perDay.restarts", most, sign, since },
    };
  });
}
