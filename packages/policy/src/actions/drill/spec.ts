import * as z from "zod";
import { durationSchema, nameSchema, patternSchema, sizeSchema } from "../../language/values.ts";
import { pathSchema, portSchema, statusSchema } from "../restart/probe-spec.ts";

/** Of one drill. */
const MOST_ASSERTIONS = 20;
const MOST_ARGUMENTS = 50;

/** Each way to ask what was restored; an assertion has one of them. */
const waysToAssert = {
  /** As many files as the restore point says, and those that were sampled as they were. Of a dump: that all of it was taken back. */
  files: z.literal(true, { error: "expected true, or leave the key out" }).optional(),
  /** One statement, in the restored database. */
  sql: z.string().min(1).max(10_000).optional(),
  http: z
    .strictObject({ port: portSchema, path: pathSchema.default("/"), status: statusSchema.prefault(200) })
    .optional(),
  /** A program within the drilled container, by its arguments: no shell reads them. It must end with 0. */
  exec: z
    .array(z.string().min(1).max(4_096))
    .min(1, "expected a program and its arguments")
    .max(MOST_ARGUMENTS)
    .optional(),
} as const;

const WAYS = Object.keys(waysToAssert) as (keyof typeof waysToAssert)[];

const assertionSchema = z
  .strictObject({
    ...waysToAssert,
    /** Of `sql`: its first value must be a number that is no smaller. */
    atLeast: z.number().optional(),
    /** Of `exec`: a pattern that some part of what it prints must match. */
    expect: patternSchema.optional(),
  })
  .refine(
    (one) => WAYS.filter((way) => one[way] !== undefined).length === 1,
    `asserts one thing: ${WAYS.map((way) => `\`${way}\``).join(", ")}`,
  )
  .refine((one) => one.atLeast === undefined || one.sql !== undefined, "`atLeast` belongs to `sql`")
  .refine((one) => one.expect === undefined || one.exec !== undefined, "`expect` belongs to `exec`");
export type DrillAssertion = z.infer<typeof assertionSchema>;

/** What a backup rule says of its drills. */
export const drillKeysSchema = z.strictObject({
  /** Each dataset is drilled so often, one after the other. */
  every: durationSchema.prefault("7d"),
  /** So long may it take, from the request until all assertions have passed. */
  rto: durationSchema.prefault("1h"),
  /** Always from this repository; left out: from each in turn. */
  from: nameSchema.optional(),
  /** Whether the container that uses the dataset is tried out on what was restored, where there is one. */
  start: z.boolean().default(true),
  assert: z
    .array(assertionSchema)
    .min(1, "an empty list asserts nothing; leave the key out or name an assertion")
    .max(MOST_ASSERTIONS)
    .prefault([{ files: true }]),
  /** What the drilled container may use at most. */
  memory: sizeSchema.prefault("1GB"),
  cpus: z.number().positive("expected a number of processors such as 0.5").max(1_000).default(1),
  /** So long may the drilled container take until it is well. */
  ready: durationSchema.prefault("10m"),
  /** A drill that takes longer than this is given up. */
  timeout: durationSchema.prefault("4h"),
});
export type DrillKeys = z.infer<typeof drillKeysSchema>;

/** A drill rule as it comes along with a backup rule. */
export const drillSpecSchema = drillKeysSchema.extend({
  /** The backup rule whose restore points are drilled. */
  of: z.string(),
  to: z.array(nameSchema).min(1),
  /** The hook that makes the backup rule's dumps, and takes them back. */
  hook: nameSchema.optional(),
  /** What the backup rule says of how old its data may be. */
  rpo: durationSchema.optional(),
});
export type DrillSpec = z.infer<typeof drillSpecSchema>;
