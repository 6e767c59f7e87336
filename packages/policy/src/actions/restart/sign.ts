import * as z from "zod";

/** By what a container shows that it is sick. */
export const signSchema = z.enum([
  /** The engine's health check says so. */
  "unhealthy",
  /** Its health check has stopped telling anything. */
  "health-stale",
  /** The engine says that it runs, and its process is gone. */
  "ghost",
  /** A probe of the agent, which policy or label asked for, fails. */
  "probe-failed",
  /** Its process ends again and again by itself. */
  "crash-loop",
  /** It did not end when it was stopped and killed. */
  "unkillable",
]);
export type Sign = z.infer<typeof signSchema>;

/** How a container is healed, gentle first: stopped and started, killed as well, made anew. Each is the verb of a step. */
export const rungSchema = z.enum(["restart", "kill", "recreate"]);
export type Rung = z.infer<typeof rungSchema>;

export const confidenceSchema = z.enum(["certain", "likely", "weak"]);
export type Confidence = z.infer<typeof confidenceSchema>;
