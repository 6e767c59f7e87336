import { countSchema } from "@shipkeeper/model";
import * as z from "zod";
import { exceptionReasonSchema } from "../exception.ts";
import { limitReasonSchema } from "../limits.ts";

const why = <Why extends string>(code: Why) => z.object({ why: z.literal(code) });
const ms = z.number();
const by = z.enum(["pushed", "created"]);

/** Every reason that a registry plan gives, with the facts of its sentence. */
export const registryReasonSchema = z.discriminatedUnion("why", [
  // Steps.
  why("old").extend({ ageMs: ms, limitMs: ms, by }),
  why("untagged").extend({ untaggedForMs: ms, limitMs: ms }),
  why("part-of-removed").extend({ index: z.string() }),

  // The whole registry.
  why("other-host").extend({ host: z.string() }),
  why("not-listed").extend({ registry: z.string() }),
  why("listing-incomplete").extend({ of: z.string(), problem: z.string() }),

  // Not this time, or not allowed.
  why("inventory-incomplete").extend({ section: z.string() }),
  why("fleet-list-missing"),
  why("fleet-list-stale").extend({ ageMs: ms, limitMs: ms }),
  why("fleet-list-shorter").extend({ count: countSchema, mostCount: countSchema }),
  limitReasonSchema,
  why("never-touch").extend({ by: z.string() }),

  // Kept.
  exceptionReasonSchema,
  why("excepted").extend({ by: z.string() }),
  why("used-here"),
  why("used-by-fleet").extend({ usedMsAgo: ms, limitMs: ms }),
  why("newest-of-repository").extend({ repository: z.string(), keepNewest: countSchema }),
  why("part-of").extend({ other: z.string() }),
  why("just-arrived").extend({ ageMs: ms, limitMs: ms }),
  why("too-young").extend({ ageMs: ms, limitMs: ms, by }),
  why("age-unknown"),
  why("unreadable"),
  why("broken-tag"),
  why("untagged-recently").extend({ untaggedForMs: ms, limitMs: ms }),
  why("untagged-off"),
]);
export type RegistryReason = z.infer<typeof registryReasonSchema>;
