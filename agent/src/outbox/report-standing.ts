import { standingSchema, type Death, type ProbeState, type Signals, type Standing } from "@shipkeeper/policy";
import * as z from "zod";
import { reportState, type StateReport, type StateReportOptions } from "./report-state.ts";

/** Queues what the host's rounds go by when it changed, so that a policy can be tried out on it from afar. */
export function reportStanding(options: StateReportOptions): StateReport<Standing> {
  const plain = (standing: Standing) => z.encode(standingSchema, standing);
  return reportState(
    {
      name: "standing-report",
      entry: (standing) => ({ kind: "standing", at: options.clock(), standing: plain(standing) }),
      steady: (standing) => plain({ ...standing, signals: steady(standing.signals) }),
    },
    options,
  );
}

/** Without what moves by itself: a probe that answers every second is no news, one that fails is. */
function steady(signals: Signals): Signals {
  return {
    ...signals,
    probes: mapValues(signals.probes, (states) => states.map(steadyProbe)),
    // Each death of a container that dies again and again would be told. What planners do at the third is told then.
    deaths: mapValues(signals.deaths, (deaths) => deaths.slice(-STEADY_DEATHS).map(withoutTime)),
    load: {},
  };
}

const STEADY_DEATHS = 3;

function steadyProbe(state: ProbeState): ProbeState {
  const isConfirmed = state.failuresInARow >= state.needed;
  return { ...state, lastAt: 0, said: "", failuresInARow: isConfirmed ? state.needed : 0, failingSince: 0 };
}

const withoutTime = (death: Death): Death => ({ ...death, at: 0 });

function mapValues<Value>(
  map: ReadonlyMap<string, Value>,
  change: (value: Value) => Value,
): ReadonlyMap<string, Value> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value)]));
}
