/**
 * Which unhealthy containers are restarted now. Owns patience (confirm, back off, verify) and the budget; the ledger
 * remembers the tries, and how a container is restarted is not known here.
 */
import { containerIdentity, type Container } from "@shipkeeper/model";
import { selectsContainer } from "../../language/select.ts";
import type { World } from "../../round/world.ts";
import { isStep, type Plan, type VerdictFor } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import { expectContainer } from "../expectation.ts";
import { isSelf, protectsContainer } from "../never-touch.ts";
import { containerTarget } from "../target.ts";
import { attemptsWithin, failuresInARow, nextTryAt, verifyMs } from "./budget.ts";
import type { RestartReason } from "./reason.ts";
import type { RestartSpec } from "./spec.ts";

export type RestartVerdict = VerdictFor<RestartReason>;
type Judgement = Pick<RestartVerdict, "decision" | "reason">;

/** A verdict for every container that has a health check; longest unhealthy first. */
export function planRestart(spec: RestartSpec, world: World): Plan {
  const candidates = world.inventory.containers
    .filter(hasHealthCheck)
    .sort((a, b) => illSince(a, world) - illSince(b, world) || (a.id < b.id ? -1 : 1));

  const verdicts = candidates.map((container): RestartVerdict => {
    const judgement = leaveAlone(spec, world, container) ?? treat(spec, world, container);
    const expect = isStep(judgement) ? { expect: expectContainer(container) } : {};
    return { target: containerTarget(container), ...judgement, ...expect };
  });
  const limited = limitPerDay(verdicts, world);
  return { kind: "restart", verdicts: [...limited.filter(isStep), ...limited.filter((one) => !isStep(one))] };
}

function hasHealthCheck({ health, healthCheck }: Container): boolean {
  return health.status !== "none" || healthCheck !== undefined;
}

function leaveAlone({ select }: RestartSpec, world: World, container: Container): Judgement | undefined {
  const { state, health, swarm, kubernetes, autoRemove } = container;
  const keep = (reason: RestartReason): Judgement => ({ decision: "keep", reason });

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
  if (state === "exited" || state === "dead") return keep({ why: "not-running" });
  // Somebody or the engine is at work on it, and a paused container cannot answer its check.
  if (state !== "running") return keep({ why: "state", state });
  if (health.status === "healthy") return keep({ why: "healthy" });
  if (health.status !== "unhealthy") return keep({ why: "starting" });
  // The engine would remove it the moment it stops, and nothing would start again.
  return autoRemove ? { decision: "refuse", reason: { why: "auto-remove" } } : undefined;
}

/** What an unhealthy container gets. Every `wait` ends by itself; `give-up` ends when the budget fills again. */
function treat({ after, budget }: RestartSpec, world: World, container: Container): Judgement {
  const { now, ledger } = world;
  const since = illSince(container, world);
  const unhealthyForMs = Math.max(0, now - since);
  const wait = (reason: RestartReason): Judgement => ({ decision: "wait", reason });

  if (unhealthyForMs < after) return wait({ why: "confirming", unhealthyForMs, afterMs: after });

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
    reason: { why: "unhealthy", unhealthyForMs, afterMs: after, attempt, attempts: budget.restarts },
  };
}

/** Without a memory of it, the illness begins now: it must be seen to last. */
function illSince({ health }: Container, { now }: World): number {
  return health.unhealthySince ?? now;
}

function limitPerDay(verdicts: readonly RestartVerdict[], { guardrails, ledger }: World): RestartVerdict[] {
  const most = guardrails.limits.perDay.restarts;
  if (most === undefined) return [...verdicts];
  let left = most - ledger.lastDay.restarts;
  return verdicts.map((verdict): RestartVerdict => {
    if (!isStep(verdict)) return verdict;
    left -= 1;
    if (left >= 0) return verdict;
    const { expect: _, ...rest } = verdict;
    return {
      ...rest,
      decision: "refuse",
      reason: { why: "limit", limit: "guardrails limits.perDay.restarts", most },
    };
  });
}
