import { HOUR_MS } from "@shipkeeper/kit";
import type { ActionKind } from "../action.ts";
import { explainExpire, summarizeExpire } from "./explain.ts";
import { measureExpire } from "./outcome.ts";
import { planExpire } from "./plan.ts";
import { overlapOfExpiries, expireSpecSchema, type ExpireSpec } from "./spec.ts";

/** Ends are told to the minute and counted in days: nobody minds an hour. */
const LOOK_EVERY_MS = HOUR_MS;

export const expire: ActionKind<"expire", ExpireSpec> = {
  kind: "expire",
  spec: expireSpecSchema,
  trigger: "scheduled",
  destructive: true,
  schedule: () => ({ everyMs: LOOK_EVERY_MS }),
  plan: planExpire,
  overlap: overlapOfExpiries,
  explain: explainExpire,
  summarize: summarizeExpire,
  measure: measureExpire,
};
