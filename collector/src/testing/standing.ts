import { days } from "@shipkeeper/kit";
import { NO_GUARDRAILS, NO_STEPS, standingSchema, type Standing } from "@shipkeeper/policy";
import type { KnownEntry } from "@shipkeeper/protocol";
import * as z from "zod";
import { NOW } from "./facts.ts";

/** What the rounds of a host go by that its agent has known for a year and that limits nothing. */
export function standing(facts: Partial<Standing> = {}): Standing {
  return {
    hostLabels: { environment: "production" },
    ledger: {
      bornAt: NOW - days(365),
      restarts: new Map(),
      lastDay: NO_STEPS,
      ruleDays: new Map(),
      pastImages: new Map(),
      restorePoints: [],
      expiries: [],
    },
    guardrails: NO_GUARDRAILS,
    stopFilePresent: false,
    repositories: ["local"],
    self: [],
    lastRuns: new Map(),
    ...facts,
  };
}

export const standingEntry = (facts: Partial<Standing> = {}): KnownEntry => ({
  kind: "standing",
  at: NOW,
  standing: z.encode(standingSchema, standing(facts)),
});
