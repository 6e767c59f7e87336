import { SECOND_MS, type Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import type { ProbeState } from "../../round/signals.ts";

/** What nobody asks must have run for so long. */
const QUIET_MS = 10 * SECOND_MS;

/**
 * Whether a container that was restarted is well again: everything that asks it, health check and probes, got a good
 * answer in this life of it. `probes` is undefined where it has none.
 */
export function hasRecovered(
  { state, health, startedAt = 0 }: Pick<Container, "state" | "health" | "startedAt">,
  probes: readonly ProbeState[] | undefined,
  now: Instant,
): boolean {
  if (state !== "running") return false;
  const isChecked = health.status !== "none";
  if (isChecked && health.status !== "healthy") return false;
  if (probes !== undefined) return probes.every((probe) => answers(probe, startedAt));
  return isChecked || now - startedAt >= QUIET_MS;
}

function answers({ lastAt, failingSince }: ProbeState, startedAt: Instant): boolean {
  return lastAt >= startedAt && failingSince === undefined;
}
