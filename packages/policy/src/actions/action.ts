/**
 * What every action kind has in common: verdicts, plans, outcomes, and the four things that a kind supplies.
 * Kinds live in the folders beside this file; `catalog.ts` lists them. Nothing here knows any of them.
 */
import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { Schedule } from "../language/policy.ts";
import type { Window } from "../schedule/windows.ts";
import type { Need } from "../round/outside.ts";
import type { World } from "../round/world.ts";
import { expectationSchema } from "./expectation.ts";

/** One thing that a plan speaks of. */
export const targetSchema = z.object({
  type: z.enum([
    "container",
    "image",
    "volume",
    "network",
    "build-cache",
    "registry-tag",
    "host",
    "dataset",
    "repository",
    "restore-point",
  ]),
  /** The engine's full id, or the name where names are the ids (volumes, repositories), the id text of a dataset. */
  id: z.string(),
  name: z.string(),
  owner: z.string().optional(),
});
export type Target = z.infer<typeof targetSchema>;

/** Why: a code that programs count, and the facts that a sentence about it needs. */
export const reasonSchema = z.looseObject({ why: z.string() });
export type Reason = z.infer<typeof reasonSchema>;

/**
 * What a plan says of one candidate. `keep`, `wait` and `refuse` change nothing: kept for good reason, not yet, or
 * not allowed. `give-up` leaves to people what was tried often enough, `hand-over` what a step of this kind cannot mend.
 * Every other decision is the verb of a step.
 */
export const verdictSchema = z.object({
  target: targetSchema,
  decision: z.string(),
  reason: reasonSchema,
  /** What the step is expected to free or to store, or would if it were taken, in bytes. An estimate. */
  bytes: countSchema.optional(),
  /** What must still be true right before the step; compared with a fresh look at the target (`expectation.ts`). */
  expect: expectationSchema.optional(),
});
export type Verdict = z.infer<typeof verdictSchema>;

const IDLE_DECISIONS: ReadonlySet<string> = new Set(["keep", "wait", "refuse", "give-up", "hand-over"]);

/** Whether a verdict becomes a step of the run. */
export function isStep(verdict: Pick<Verdict, "decision">): boolean {
  return !IDLE_DECISIONS.has(verdict.decision);
}

/** A verdict for every candidate, steps in the order in which they shall be taken. */
export const planSchema = z.object({
  kind: z.string(),
  verdicts: z.array(verdictSchema),
  /** The most that this run may free; absent where nothing limits it. */
  limitBytes: countSchema.optional(),
});
export type Plan = z.infer<typeof planSchema>;

/** How one step ended. `unknown` is a step that a crash cut off and that looking could not settle. */
export const stepOutcomeSchema = z.object({
  target: targetSchema,
  decision: z.string(),
  status: z.enum(["done", "skipped", "failed", "unknown"]),
  /** Why it was skipped, or is unknown: a code. */
  why: z.string().optional(),
  /** The joined error chain of a failure. */
  error: z.string().optional(),
  startedAt: instantSchema,
  finishedAt: instantSchema,
  /** What the step found out, for its kind's `measure`: a restore point's id, bytes added, and so on. */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export type StepOutcome = z.infer<typeof stepOutcomeSchema>;

/** How a run ended. Freed bytes are measured on the file system around the run, not believed. */
export const outcomeSchema = z.object({
  steps: z.array(stepOutcomeSchema),
  freedBytes: z.int().optional(),
});
export type Outcome = z.infer<typeof outcomeSchema>;

/** What makes a round look at a rule: its time has come, or the inventory changed. */
export type Trigger = "scheduled" | "continuous";

/** Figures of a run that add up over runs, hosts and days: name → sum. */
export type Measures = Readonly<Record<string, number>>;

/** A planner's own verdict: its kind knows every reason that it gives. */
export type VerdictFor<R extends Reason> = Omit<Verdict, "reason"> & { readonly reason: R };

/** What a rule says in the keys that all kinds share. */
export interface SharedTerms {
  /** As the rule itself names it, not as its kind derives it. */
  readonly schedule: Schedule | undefined;
  readonly windows: readonly Window[] | undefined;
}

export interface Misfit {
  readonly key: string;
  readonly message: string;
}

/** A rule that another one brings along, in the same mode and windows. */
export interface Companion {
  /** The kind, which is also what its name ends with. */
  readonly kind: string;
  /** Decoded by its kind. */
  readonly spec: unknown;
}

/** What an action kind supplies; the agent and the collector are generic over it. */
export interface ActionKind<Kind extends string = string, Spec = unknown> {
  readonly kind: Kind;
  /**
   * Decodes a rule's own keys, as they stand in a policy; the keys that all rules share are taken out before.
   * Encoding gives the same keys with every default filled in.
   */
  readonly spec: z.ZodType<Spec>;
  /** `scheduled` rules run when they are due, `continuous` ones whenever the inventory changes. */
  readonly trigger: Trigger;
  /** A run takes long and nothing waits for it: other rules of the round go on beside it. */
  readonly background?: true;
  /** No rule of a policy is of this kind by itself: it comes along with a rule of another kind (`companions`). */
  readonly companionOnly?: true;
  /** Whether a run takes away what nothing brings back: it then keeps to the windows of the host's guardrails. */
  readonly destructive: boolean;
  /** Whether something on the host wants a scheduled rule looked at before its time. Pure. */
  urgent?(spec: Spec, world: World): boolean;
  /** The schedule that follows from the rule's own keys, where it names none. */
  schedule?(spec: Spec): Schedule | undefined;
  /** Rules of other kinds that come along with one of this kind: the rule `NAME` brings `NAME/verify`. */
  companions?(spec: Spec, name: string): readonly Companion[];
  /** What is wrong with a rule's own keys beside those that all rules share, and at which key. Pure. */
  misfit?(spec: Spec, shared: SharedTerms): Misfit | undefined;
  /** What must be looked at beyond the host before the rule is planned; nothing where it is left out. */
  needs?(spec: Spec, world: Pick<World, "hostId" | "hostLabels">): readonly Need[];
  /**
   * Pure, total, deterministic: a verdict with a reason for every candidate. `rule` is the rule's `ruleKey`, for kinds
   * that go on where this very rule left off.
   */
  plan(spec: Spec, world: World, rule: string): Plan;
  /** What two rules would both be about, in a few words; undefined where they do not get in each other's way. */
  overlap?(first: Spec, second: Spec): string | undefined;
  /** The reason in words, for one line of a log or a report: `unused for 90 days (limit 14 days)`. */
  explain(verdict: Verdict): string;
  /** The plan in a few words, for the head of its list: `frees 1.2 GB of 3.4 GB`. */
  summarize(verdicts: readonly Verdict[]): string;
  /** The figures of a finished run. */
  measure(outcome: Outcome): Measures;
}
