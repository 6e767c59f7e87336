/**
 * What was to be seen of a container before a restart took it away, or right after it ended by itself: masked and
 * bounded on the host, so that one of them is read in a minute and thousands of them are kept.
 */
import {
  containerIdSchema,
  containerStateSchema,
  countSchema,
  healthStatusSchema,
  imageIdSchema,
  instantSchema,
  runIdSchema,
} from "@shipkeeper/model";
import { loadSchema } from "@shipkeeper/policy";
import * as z from "zod";

/** All of one, as JSON. */
export const MOST_POST_MORTEM_BYTES = 256 * 2 ** 10;
/** Of one line of a log, in UTF-16 units. */
export const MOST_LOG_LINE = 2_048;
/** Lines of a log, whatever a policy asks for. */
export const MOST_LOG_LINES = 1_000;
export const MOST_USAGE_POINTS = 60;
export const MOST_RECENT_EVENTS = 50;
export const MOST_PROCESSES = 100;

const text = (most: number) => z.string().max(most);
const list = <Item extends z.ZodType>(item: Item, most: number) => z.array(item).max(most);

export const postMortemTriggerSchema = z.enum(["before-heal", "unexpected-exit"]);
export type PostMortemTrigger = z.infer<typeof postMortemTriggerSchema>;

const healthOutputSchema = z.object({
  startedAt: instantSchema.optional(),
  endedAt: instantSchema.optional(),
  exitCode: z.int(),
  output: text(4_096),
});

const logLineSchema = z.object({
  at: instantSchema.optional(),
  stream: z.enum(["stdout", "stderr"]),
  text: text(MOST_LOG_LINE),
});

/** How one use of the container went in the last minutes; `last` is the newest of the points. */
const usageSchema = z.object({
  metric: z.enum(["cpu", "memory", "network-in", "network-out", "disk-read", "disk-write", "processes"]),
  unit: z.enum(["cores", "bytes", "bytes-a-second", "count"]),
  min: z.number(),
  max: z.number(),
  last: z.number(),
  points: list(z.object({ at: instantSchema, value: z.number() }), MOST_USAGE_POINTS),
});
export type Usage = z.infer<typeof usageSchema>;

export const evidenceSchema = z.object({
  /** Absent where the container was gone before it could be looked at: then only its last event speaks. */
  state: containerStateSchema.optional(),
  exitCode: z.int().optional(),
  /** The number of the signal that ended it, by the exit code. */
  signal: countSchema.optional(),
  outOfMemory: z.boolean(),
  startedAt: instantSchema.optional(),
  finishedAt: instantSchema.optional(),
  restartCount: countSchema.optional(),
  health: z
    .object({
      status: healthStatusSchema,
      failingStreak: countSchema,
      /** The last answers, oldest first. */
      outputs: list(healthOutputSchema, 5),
    })
    .optional(),
  log: z.object({
    /** Oldest first. */
    lines: list(logLineSchema, MOST_LOG_LINES),
    /** So many older ones of those that were read are left out, because all of them are too long to send. */
    cut: countSchema,
    /** Why there are none. */
    problem: text(500).optional(),
  }),
  processes: list(
    z.object({ pid: countSchema, user: text(64).optional(), command: text(1_024) }),
    MOST_PROCESSES,
  ).optional(),
  usage: list(usageSchema, 20),
  /** What the engine told of the container, oldest first. */
  events: list(
    z.object({ at: instantSchema, action: text(64), detail: text(200).optional() }),
    MOST_RECENT_EVENTS,
  ),
  limits: z.object({
    memoryBytes: countSchema.optional(),
    nanoCpus: countSchema.optional(),
    pids: countSchema.optional(),
  }),
  mounts: list(z.object({ what: text(500), destination: text(500), readOnly: z.boolean() }), 50),
  networks: list(text(200), 50),
  hostLoad: loadSchema,
  /** What could not be had, and why. */
  missing: list(z.object({ what: text(64), why: text(500) }), 20),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export const postMortemSchema = z.object({
  /** Unique on its host. */
  id: z.string().min(1).max(64),
  at: instantSchema,
  trigger: postMortemTriggerSchema,
  incidentId: text(64).optional(),
  /** The run that acted right after it. */
  runId: runIdSchema.optional(),
  container: z.object({
    id: containerIdSchema,
    name: text(256),
    identity: text(600),
    image: text(600),
    /** Absent where only an event told of it. */
    imageId: imageIdSchema.optional(),
  }),
  owner: text(200).optional(),
  /** What is wrong with it, by the diagnosis of its host. */
  sign: text(64).optional(),
  /** How often it ended since its last post-mortem without one of its own. */
  exitsBefore: countSchema,
  evidence: evidenceSchema,
});
export type PostMortem = z.infer<typeof postMortemSchema>;

export const postMortemEntrySchema = z.object({
  kind: z.literal("post-mortem"),
  ...postMortemSchema.shape,
});
