/** How one probe of one container stands after each answer. Pure. */
import type { Instant } from "@shipkeeper/kit";
import type { Probe, ProbeState } from "@shipkeeper/policy";

/** What asking once came to. */
export interface Answer {
  readonly at: Instant;
  readonly ok: boolean;
  /** In words, without secrets. */
  readonly said: string;
}

/** A row of answers of one life of a container. */
export interface Row {
  readonly state: ProbeState;
  /** Whether it has answered in this life: failures before that do not count while it starts. */
  readonly hasAnswered: boolean;
}

const LONGEST_SAID = 500;

/** The row after one more answer of the same life, which began at `bornAt`. */
export function afterAnswer(
  before: Row | undefined,
  { at, ok, said }: Answer,
  { probe, bornAt }: { readonly probe: Probe; readonly bornAt: Instant },
): Row {
  const { name, way, failures: needed } = probe;
  const state = { probe: name, kind: way.kind, lastAt: at, needed, said: said.slice(0, LONGEST_SAID) };
  if (ok) return { state: { ...state, failuresInARow: 0 }, hasAnswered: true };

  const hasAnswered = before?.hasAnswered ?? false;
  const counts = hasAnswered || at - bornAt >= probe.startPeriodMs;
  const failuresBefore = before?.state.failuresInARow ?? 0;
  // The sickness begins with the first failure that counts: to start up is none.
  const failingSince = failuresBefore === 0 && counts ? at : (before?.state.failingSince ?? at);
  return {
    state: { ...state, failingSince, failuresInARow: failuresBefore + (counts ? 1 : 0) },
    hasAnswered,
  };
}

/** What a planner should know of at once: that it is confirmed now, or that it answers again. */
export function isNews(before: Row | undefined, after: Row): boolean {
  return isConfirmed(after) !== isConfirmed(before) || isFailing(after) !== isFailing(before);
}

const isConfirmed = (row: Row | undefined) =>
  row !== undefined && row.state.failuresInARow >= row.state.needed;
const isFailing = (row: Row | undefined) => row?.state.failingSince !== undefined;
