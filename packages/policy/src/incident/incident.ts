/** One spell of sickness, from the first sign of its root until it is well, stopped or gone, with all that suffered from it. */
import type { Instant } from "@shipkeeper/kit";
import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";

/** More dependents than this are counted by nobody: the incident is about its root. */
export const MOST_MEMBERS = 100;

/** What is sick, or was, because the incident's root is. */
export const incidentMemberSchema = z.object({ id: z.string(), name: z.string(), sign: z.string() });
export type IncidentMember = z.infer<typeof incidentMemberSchema>;

/**
 * How an incident ended. `healed`: by an order of ours. `recovered`: by itself. `stopped`: somebody stopped it.
 * `removed`: it is gone. `merged`: it turned out to be part of another incident, which `mergedInto` names.
 */
export const incidentEndSchema = z.enum(["healed", "recovered", "stopped", "removed", "merged"]);
export type IncidentEnd = z.infer<typeof incidentEndSchema>;

export const incidentSchema = z.object({
  id: z.string().min(1).max(64),
  /** Of its last change: of two tellings the later counts. Grows with every change. */
  at: instantSchema,
  /** The root's `containerIdentity`, or `HOST_IDENTITY`. */
  identity: z.string().max(1_024),
  /** Absent where the host itself is the root. The id of the last container that had the identity. */
  container: z
    .object({ id: z.string(), name: z.string(), image: z.string(), imageId: z.string() })
    .optional(),
  owner: z.string().optional(),
  /** The sign of the root; `down` where it is not there and only others show it, `host-storm` for a host. */
  sign: z.string(),
  /** The same in words. */
  cause: z.string(),
  /** As far as known. */
  sickAt: instantSchema,
  detectedAt: instantSchema,
  firstOrderAt: instantSchema.optional(),
  healthyAt: instantSchema.optional(),
  closedAt: instantSchema.optional(),
  ended: incidentEndSchema.optional(),
  mergedInto: z.string().optional(),
  /** People were called: at most once in the life of an incident. */
  handedOverAt: instantSchema.optional(),
  handedOverWhy: z.string().optional(),
  /** Orders to heal, of the root and its members. */
  heals: countSchema,
  members: z.array(incidentMemberSchema).max(MOST_MEMBERS),
  policy: z.string(),
  rule: z.string(),
});
export type Incident = z.infer<typeof incidentSchema>;

/** The identity of a host's own incident: many of its containers are sick at once. */
export const HOST_IDENTITY = "host";

export const isOpen = ({ closedAt }: Pick<Incident, "closedAt">): boolean => closedAt === undefined;

const SIGN_WORDS: Readonly<Record<string, string>> = {
  unhealthy: "its health check fails",
  "health-stale": "its health check has stopped answering",
  ghost: "it should run, and its process is gone",
  "probe-failed": "a probe gets no good answer",
  "crash-loop": "it ends again and again",
  unkillable: "its processes cannot be ended",
  down: "it is not there for those who need it",
  "host-storm": "many containers of the host are sick at once",
};

/** A sign in words. One of a newer agent stands for itself. */
export function signInWords(sign: string): string {
  return SIGN_WORDS[sign] ?? sign.replaceAll("-", " ");
}

/** From the first sign until people or machines had it right again, or until now. */
export function incidentLastsMs(
  { sickAt, closedAt }: Pick<Incident, "sickAt" | "closedAt">,
  now: Instant,
): number {
  return Math.max(0, (closedAt ?? now) - sickAt);
}
