import { firstMatch } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import { exceptionFor } from "../exception.ts";
import { expectContainer } from "../expectation.ts";
import { guestOf } from "../guest.ts";
import { isSelf, protectsContainer } from "../never-touch.ts";
import { containerTarget } from "../target.ts";
import type { PruneVerdict } from "./plan.ts";
import type { PruneReason } from "./reason.ts";
import type { PruneSpec } from "./spec.ts";

/** The verdict on one container that does not run. */
export function judgeContainer(spec: PruneSpec, world: World, container: Container): PruneVerdict {
  const target = containerTarget(container);
  const kept = reasonToKeep(spec, world, container);
  if (kept !== undefined) return { target, decision: "keep", reason: kept };

  const limitMs = spec.containers?.exitedFor ?? Infinity;
  const idleMs = idleForMs(container, world.now);
  if (idleMs === undefined) return { target, decision: "keep", reason: { why: "age-unknown" } };
  if (idleMs < limitMs) {
    return { target, decision: "keep", reason: { why: "ended-recently", exitedForMs: idleMs, limitMs } };
  }
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

  const exceptedBy = firstMatch(spec.containers.except, [container.name]);
  if (exceptedBy !== undefined) return { why: "excepted", by: exceptedBy };
  if (isStoppedService(container)) {
    const service = compose === undefined ? {} : { service: `${compose.project}/${compose.service}` };
    return { why: "stopped-service", restartPolicy: restartPolicy.name, ...service };
  }
  const guest = guestOf(container, inventory.containers);
  if (guest !== undefined) return { why: "network-of", container: guest.name };
  return undefined;
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

function ended({ state, exitCode }: Container, idleMs: number, limitMs: number): PruneReason {
  if (state === "created") return { why: "never-started", ageMs: idleMs, limitMs };
  const code = exitCode === undefined ? {} : { exitCode };
  return { why: "exited", exitedForMs: idleMs, limitMs, ...code };
}
