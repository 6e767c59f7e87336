import { days } from "@shipkeeper/kit";
import { NO_STEPS, standingSchema, type Standing } from "@shipkeeper/policy";
import type { KnownEntry } from "@shipkeeper/protocol";
import * as z from "zod";
import { NOW } from "./facts.ts";

/** What the rounds of a host go by that its agent has known for a year and that limits nothing. */
const UNLIMITED = standingSchema.parse({
  hostLabels: { environment: "production" },
  ledger: { bornAt: NOW - days(365), restarts: [], lastDay: NO_STEPS, restorePoints: [] },
  guardrails: {},
  stopFilePresent: false,
  repositories: ["local"],
  self: [],
  lastRuns: [],
});

export const standingEntry = (facts: Partial<Standing> = {}): KnownEntry => ({
  kind: "standing",
  at: NOW,
  standing: z.encode(standingSchema, { ...UNLIMITED, ...facts }),
});
