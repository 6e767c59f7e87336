/** What holds healing back for a while although a container is sick: each reason ends by itself. */
import { matchesPattern, MINUTE_MS, SECOND_MS, type Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import type { World } from "../../round/world.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { RestartReason } from "./reason.ts";
import type { RestartSpec } from "./spec.ts";
import { stopTimeoutSeconds } from "./stop-timeout.ts";

/** What came back with its engine or its host needs so long to find itself. */
const SETTLE_MS = 3 * MINUTE_MS;
const TOUCH_MARGIN_MS = 30 * SECOND_MS;

export interface SickOne {
  readonly container: Container;
  readonly diagnosis: Diagnosis;
}

/** The first reason to wait, or undefined where the container may be looked after. */
export function reasonToLeave(sick: SickOne, world: World, spec: RestartSpec): RestartReason | undefined {
  const { container, diagnosis } = sick;
  return (
    cannotSee(container, world) ??
    justCameUp(container, world) ??
    maintenance(container, world) ??
    busy(container, world) ??
    touched(container, world, spec) ??
    startPeriod(container, diagnosis, world)
  );
}

/** What an engine does not tell is not known, and the last look at it may be old. */
function cannotSee({ id }: Container, { inventory, signals }: World): RestartReason | undefined {
  const gap = inventory.gaps.find(
    ({ section, subject }) =>
      (section === "engine" || section === "containers") && (subject === undefined || subject === id),
  );
  if (gap !== undefined) return { why: "cannot-see", section: gap.section };
  // Where somebody watches the host, an engine without a beginning does not answer.
  const isWatched = signals.hostUpSince !== undefined;
  return isWatched && signals.engineUpSince === undefined
    ? { why: "cannot-see", section: "engine" }
    : undefined;
}

/** Only what was there before: a container that was made since did not come back with its engine. */
function justCameUp({ createdAt = 0 }: Container, { now, signals }: World): RestartReason | undefined {
  const { engineUpSince, hostUpSince } = signals;
  const isFresh = (upSince: Instant | undefined): upSince is Instant =>
    upSince !== undefined && createdAt < upSince && now - upSince < SETTLE_MS;
  if (isFresh(hostUpSince))
    return { why: "host-came-up", upSince: hostUpSince, until: hostUpSince + SETTLE_MS };
  if (isFresh(engineUpSince)) {
    return { why: "engine-came-up", upSince: engineUpSince, until: engineUpSince + SETTLE_MS };
  }
  return undefined;
}

function maintenance({ name }: Container, { now, signals }: World): RestartReason | undefined {
  const pause = signals.pauses.find(
    ({ containers, until }) => now < until && (containers === undefined || matchesPattern(containers, name)),
  );
  return pause === undefined ? undefined : { why: "maintenance", until: pause.until, because: pause.reason };
}

function busy({ id }: Container, { signals }: World): RestartReason | undefined {
  const work = signals.busy.get(id);
  return work === undefined ? undefined : { why: "busy", work };
}

/** A container that is being stopped turns unhealthy on its way: whoever stops it must not find it running again. */
function touched(
  container: Container,
  { now, signals }: World,
  spec: RestartSpec,
): RestartReason | undefined {
  const touch = signals.touches.get(container.id);
  if (touch === undefined) return undefined;
  const until = touch.at + stopTimeoutSeconds(container, spec) * SECOND_MS + TOUCH_MARGIN_MS;
  return now < until ? { why: "touched", what: touch.what, at: touch.at, until } : undefined;
}

/**
 * The engine does not count failures of the start period, but it does turn unhealthy in it what was well once. After it,
 * unhealthy means that all retries failed: that needs no more time. Probes have a start period of their own besides.
 */
function startPeriod(
  { startedAt, healthCheck }: Container,
  { sign }: Diagnosis,
  { now }: World,
): RestartReason | undefined {
  if (startedAt === undefined || (sign !== "unhealthy" && sign !== "probe-failed")) return undefined;
  const until = startedAt + (healthCheck?.startPeriodMs ?? 0);
  return now < until ? { why: "start-period", until } : undefined;
}
