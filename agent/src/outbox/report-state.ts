import { SECOND_MS, type Clock } from "@shipkeeper/kit";
import type { KnownEntry } from "@shipkeeper/protocol";
import { sha256Hex, type Service } from "@shipkeeper/runtime";
import type { Outbox } from "./outbox.ts";

export interface StateReportOptions {
  readonly outbox: Pick<Outbox, "append">;
  readonly clock: Clock;
  /** Told where a state could not be queued: the next look brings another. */
  readonly failed: (error: unknown) => void;
  /** Of two looks within this time only the later is told. */
  readonly leastMs?: number;
  /** After this a state is told again although nothing changed: figures that move all the time ride on it. */
  readonly resyncMs: number;
}

/** What makes a report of one kind of state. */
export interface StateKind<State> {
  readonly name: string;
  entry(state: State): KnownEntry;
  /** What of the state counts as a change, as it goes into JSON. */
  steady(state: State): unknown;
}

export interface StateReport<State> extends Service {
  /** The newest look at the state. */
  look(state: State): void;
}

/** Queues a state of the host when it changed, not each time that somebody looked. */
export function reportState<State>(
  kind: StateKind<State>,
  { outbox, clock, failed, leastMs = 5 * SECOND_MS, resyncMs }: StateReportOptions,
): StateReport<State> {
  let told: { at: number; mark: string } | undefined;
  let latest: { state: State } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    timer = undefined;
    if (latest === undefined) return;
    const { state } = latest;
    const mark = sha256Hex(JSON.stringify(kind.steady(state)));
    latest = undefined;
    if (told?.mark === mark && clock() - told.at < resyncMs) return;
    try {
      outbox.append(kind.entry(state));
      told = { at: clock(), mark };
    } catch (error) {
      failed(error);
    }
  };

  return {
    name: kind.name,
    look(state) {
      latest = { state };
      const dueMs = told === undefined ? 0 : told.at + leastMs - clock();
      if (dueMs <= 0) tell();
      else timer ??= setTimeout(tell, dueMs);
    },
    stop() {
      clearTimeout(timer);
      tell();
      return Promise.resolve();
    },
  };
}
