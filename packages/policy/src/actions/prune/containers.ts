import type { Container } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { exceptionFor } from "../exception.ts";
import { expectContainer } from "../expectation.ts";
import { guestOf } from "../guest.ts";
import { isSelf, protectsContainer } from "../never-touch.ts";
import { containerTarget } from "../target.ts";
import { exceptedBy } from "./excepted.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneReason } from "./reason.ts";
import type { PruneSpec } from "./spec.ts";

/** The verdict on one container that does not run. */
export function judgeContainer(spec: PruneSpec, world: World, container: Container): PruneVerdict {
  const target = containerTarget(container);
  const keep = (reason: PruneReason): PruneVerdict => ({ target, decision: "keep", reason });
  const kept = reasonToKeep(spec, world, container);
  if (kept !== undefined) return keep(kept);
  // The policy asks for it, the host has the last word.
  if (isStoppedService(container) && !world.guardrails.allow.stoppedServices) {
    return {
      target,
      decision: "refuse",
      reason: { why: "not-allowed", by: "guardrails allow.stoppedServices" },
    };
  }

  const limitMs = limitFor(spec, container);
  const idleMs = idleForMs(container, world.now);
  if (idleMs === undefined) return keep({ why: "age-unknown" });
  if (idleMs < limitMs) return keep({ why: "ended-recently", exitedForMs: idleMs, limitMs });
  return {
    target,
    decision: "remove",
    reason: ended(container, idleMs, limitMs),
    expect: expectContainer(container),
  };
}

function reasonToKeep(spec: PruneSpec, world: World, container: Container): PruneReason | undefined {
  const { guardrails, self, inventory } = world;
  const { state, swarm, kubernetes, autoRemove, restartPolicy, compose } = container;

  const protectedBy = protectsContainer(guardrails.neverTouch, container);
  if (protectedBy !== undefined) return { why: "never-touch", by: protectedBy };
  if (isSelf(self, container)) return { why: "self" };
  if (spec.containers === undefined) return { why: "not-in-rule" };
  const exception = exceptionFor(world, containerTarget(container));
  if (exception !== undefined) return exception;
  if (state !== "exited" && state !== "dead" && state !== "created") return { why: "state", state };
  if (swarm !== undefined) return { why: "orchestrated", by: "swarm" };
  if (kubernetes !== undefined) return { why: "orchestrated", by: "kubernetes" };
  if (autoRemove) return { why: "auto-remove" };

  const spared = exceptedBy(spec.containers, [container.name], container.labels);
  if (spared !== undefined) return { why: "excepted", by: spared };
  const { exitCodes, includeStoppedServices } = spec.containers;
  if (isStoppedService(container) && !includeStoppedServices) {
    const service = compose === undefined ? {} : { service: `${compose.project}/${compose.service}` };
    return { why: "stopped-service", restartPolicy: restartPolicy.name, ...service };
  }
  const guest = guestOf(container, inventory.containers);
  if (guest !== undefined) return { why: "network-of", container: guest.name };
  if (exitCodes === undefined) return undefined;
  const { exitCode } = container;
  if (exitCode === undefined) return { why: "exit-code" };
  return exitCodes.includes(exitCode) ? undefined : { why: "exit-code", exitCode };
}

/**
 * Somebody stopped it and may start it again: a stopped stack is no garbage. `docker compose run` leaves containers
 * of its own behind, which no `up` ever starts again.
 */
function isStoppedService({ restartPolicy, compose, labels }: Container): boolean {
  const restarts = ["always", "unless-stopped", "on-failure"].includes(restartPolicy.name);
  const oneOff = labels["com.docker.compose.oneoff"]?.toLowerCase() === "true";
  return restarts || (compose !== undefined && !oneOff);
}

/** Since it ended; since it was made, where it never started. The engine's time of creation says nothing of its end. */
function idleForMs({ state, finishedAt, createdAt }: Container, now: number): number | undefined {
  const since = state === "created" ? createdAt : finishedAt;
  return since === undefined ? undefined : now - since;
}

/** How long this container must be idle: people look at the remains of a failure for longer than at a finished job. */
function limitFor({ containers }: PruneSpec, container: Container): number {
  if (containers === undefined) return Infinity;
  const { exitedFor, failedFor = exitedFor, neverStartedFor = exitedFor } = containers;
  if (container.state === "created") return neverStartedFor;
  return hasFailed(container) ? failedFor : exitedFor;
}

function hasFailed({ state, exitCode, oomKilled }: Container): boolean {
  return exitCode !== 0 || oomKilled || state === "dead";
}

function ended(container: Container, idleMs: number, limitMs: number): PruneReason {
  const { state, exitCode, oomKilled } = container;
  if (state === "created") return { why: "never-started", ageMs: idleMs, limitMs };
  const code = exitCode === undefined ? {} : { exitCode };
  if (!hasFailed(container)) return { why: "exited", exitedForMs: idleMs, limitMs, ...code };
  return { why: "failed", exitedForMs: idleMs, limitMs, ...code, ...(oomKilled && { outOfMemory: true }) };
}
