/**
 * What an agent tells its collector, one entry a fact. Decoding is generous at the edge of time: an entry of a kind
 * that this version does not know is kept as `unknown` and stored raw, because the newer agent meant something by it.
 */
import { countSchema, instantSchema, inventorySchema, roundIdSchema, runIdSchema } from "@shipkeeper/model";
import {
  availabilityChangeSchema,
  dumpMadeSchema,
  modeSchema,
  outcomeSchema,
  roundSchema,
  volumeDataset,
  watchSpanSchema,
} from "@shipkeeper/policy";
import * as z from "zod";
import { drillEntrySchema } from "./drill-receipt.ts";
import { incidentEntrySchema } from "./incident.ts";
import { logWatchEntrySchema } from "./log-watch.ts";
import { postMortemEntrySchema } from "./post-mortem.ts";
import { orderProgressEntrySchema } from "./order.ts";
import { proofEntrySchema } from "./proof.ts";
import { repositoriesEntrySchema } from "./repositories.ts";
import { sampleHeadSchema } from "./sample-chunk.ts";

/** Readings in columns. The columns' bytes travel beside the batch's JSON, at place `blob` of its blobs. */
const samplesEntrySchema = z.object({
  kind: z.literal("samples"),
  head: sampleHeadSchema,
  blob: countSchema,
});

const inventoryEntrySchema = z.object({ kind: z.literal("inventory"), inventory: inventorySchema });

/**
 * What the host's rounds go by besides its inventory, in the words of `standingSchema`. Kept as it came and decoded by
 * who plans with it: an agent with more to tell than this version knows shall not be refused for it.
 */
const standingEntrySchema = z.object({
  kind: z.literal("standing"),
  at: instantSchema,
  standing: z.record(z.string(), z.unknown()),
});

const roundEntrySchema = z.object({ kind: z.literal("round"), round: roundSchema });

/** The intent, written and on disk before the first step. */
const runStartedEntrySchema = z.object({
  kind: z.literal("run-started"),
  runId: runIdSchema,
  roundId: roundIdSchema,
  at: instantSchema,
  policy: z.string(),
  revision: z.int(),
  rule: z.string(),
  action: z.string(),
  mode: modeSchema,
  steps: countSchema,
});

const runFinishedEntrySchema = z.object({
  kind: z.literal("run-finished"),
  runId: runIdSchema,
  action: z.string(),
  at: instantSchema,
  /** How it came to its end: `reconciled` is a run that a crash cut off and that looking settled at the next start. */
  ended: z.enum(["finished", "stopped", "reconciled"]),
  outcome: outcomeSchema,
});

/** A restore point that exists now, with what is needed to find and judge it. */
export const restorePointSchema = z.object({
  id: z.string(),
  runId: runIdSchema.optional(),
  repository: z.string(),
  dataset: z.string(),
  /** When its data was read; RPO counts from here. */
  at: instantSchema,
  policy: z.string().optional(),
  rule: z.string().optional(),
  bytes: countSchema,
  files: countSchema,
  addedBytes: countSchema.optional(),
  dump: dumpMadeSchema.optional(),
});
export type RestorePoint = z.infer<typeof restorePointSchema>;

/** Agents that backed up nothing but volumes told the volume instead. */
function withDataset(point: unknown): unknown {
  const told = z.looseObject({ volume: z.string() }).safeParse(point).data;
  if (told === undefined) return point;
  const { volume, ...rest } = told;
  return { dataset: volumeDataset(volume), ...rest };
}

/** All restore points of one repository as the repository itself lists them: what is not in it is gone. */
const restorePointsEntrySchema = z.object({
  kind: z.literal("restore-points"),
  repository: z.string(),
  at: instantSchema,
  points: z.array(z.preprocess(withDataset, restorePointSchema)),
});

/** So many changes in one entry at most; more go into several. */
export const MOST_AVAILABILITY_CHANGES = 1_000;

/**
 * What changed in the availability of containers, and which stretches of time the agent watched without a break. A
 * stretch that goes on is told again and again, with the same `from` and a later `to`.
 */
const availabilityEntrySchema = z.object({
  kind: z.literal("availability"),
  at: instantSchema,
  changes: z.array(availabilityChangeSchema).max(MOST_AVAILABILITY_CHANGES),
  watched: z.array(watchSpanSchema).max(100),
});

/** Something that happened to a container or to the agent and is worth telling: died, healed, gave up, … */
const eventEntrySchema = z.object({
  kind: z.literal("event"),
  at: instantSchema,
  what: z.string(),
  subject: z.object({ type: z.string(), id: z.string(), name: z.string() }).optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

/** Something that the agent could not do and that a person may have to mend. */
const troubleEntrySchema = z.object({
  kind: z.literal("trouble"),
  at: instantSchema,
  code: z.string(),
  message: z.string(),
});

/** Entries that the agent gave up to stay within its bounds, or that a lost disk took: silence is forbidden. */
const droppedEntrySchema = z.object({
  kind: z.literal("dropped"),
  at: instantSchema,
  lane: z.string(),
  count: countSchema,
  why: z.enum(["outbox-full", "superseded", "dead-letter", "lost"]),
});

export const knownEntrySchema = z.discriminatedUnion("kind", [
  samplesEntrySchema,
  inventoryEntrySchema,
  standingEntrySchema,
  roundEntrySchema,
  runStartedEntrySchema,
  runFinishedEntrySchema,
  restorePointsEntrySchema,
  availabilityEntrySchema,
  incidentEntrySchema,
  eventEntrySchema,
  postMortemEntrySchema,
  troubleEntrySchema,
  droppedEntrySchema,
  logWatchEntrySchema,
  drillEntrySchema,
  proofEntrySchema,
  repositoriesEntrySchema,
  orderProgressEntrySchema,
]);
export type KnownEntry = z.infer<typeof knownEntrySchema>;
export type EntryKind = KnownEntry["kind"];
export type EntryOf<Kind extends EntryKind> = Extract<KnownEntry, { kind: Kind }>;

export type Entry = KnownEntry | { readonly kind: "unknown"; readonly raw: unknown };

const ENTRY_KINDS: ReadonlySet<string> = new Set(
  knownEntrySchema.options.map((option) => option.shape.kind.value),
);

/** The entry, `unknown` where this version has no such kind, or the problems of a known kind that does not decode. */
export function decodeEntry(raw: unknown): { entry: Entry } | { problems: string[] } {
  const kind = typeof raw === "object" && raw !== null && "kind" in raw ? raw.kind : undefined;
  if (typeof kind !== "string") return { problems: ["kind: expected a text"] };
  if (!ENTRY_KINDS.has(kind)) return { entry: { kind: "unknown", raw } };
  const decoded = knownEntrySchema.safeParse(raw);
  if (decoded.success) return { entry: decoded.data };
  return { problems: decoded.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) };
}

/** Lanes of an outbox, from what is never dropped to what is dropped first. */
export const LANES = ["results", "state", "samples"] as const;
export type Lane = (typeof LANES)[number];

const STATES: ReadonlySet<EntryKind> = new Set([
  "inventory",
  "standing",
  "restore-points",
  "log-watch",
  "repositories",
]);

/** Results are never dropped, of the state only the latest counts, samples go first when space runs out. */
export function laneOf(kind: EntryKind): Lane {
  if (kind === "samples") return "samples";
  if (STATES.has(kind)) return "state";
  return "results";
}
