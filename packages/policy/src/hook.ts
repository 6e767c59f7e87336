/**
 * How a database on a host is dumped: what runs in its container and writes the dump to its output. Root names hooks in
 * the guardrails; a policy only picks one by its name, so that no policy brings a program of its own.
 */
import * as z from "zod";
import { durationSchema } from "./language/values.ts";

const ARGV = "expected a program and its arguments such as [pg_dump, -Fc, app]: no shell takes it apart";
const argvSchema = z.array(z.string().min(1), { error: ARGV }).min(1, ARGV).max(64);

/** As long as a run of it may take. */
const timeoutSchema = durationSchema.prefault("15m");
const text = z.string().min(1, "expected a text that is not empty");

/** A program of the host's own. */
export const ownHookSchema = z.strictObject({
  /** Its output is the dump; where it ends with anything but 0, there is none. */
  argv: argvSchema,
  /** Takes the dump as its input; without it a dump comes back as a file. */
  restore: argvSchema.optional(),
  /** Whom it runs as in the container; absent: whom the container runs as. */
  user: text.optional(),
  timeout: timeoutSchema,
});

/** One that comes with Shipkeeper. */
export const readyHookSchema = z.strictObject({
  /** What the container runs: its dump and its restore are known. */
  use: z.enum(["postgresql", "mysql", "mongodb", "redis", "sqlite"]),
  /** Absent: all of the server's databases. */
  database: text.optional(),
  /** Whom the database knows; absent: as the environment of the usual image says. */
  login: text.optional(),
  /** The path in the container, of `sqlite`. */
  file: text.optional(),
  user: text.optional(),
  timeout: timeoutSchema,
});

const HOOK = "expected { argv: [pg_dump, -Fc, app] } or { use: postgresql }, with keys of this hook only";

export const hookSchema = z
  .union([ownHookSchema, readyHookSchema], { error: HOOK })
  .refine((hook) => !("use" in hook) || (hook.use === "sqlite") === (hook.file !== undefined), {
    message: "`use: sqlite` needs the `file` in the container, and nothing else takes one",
  });
export type Hook = z.infer<typeof hookSchema>;
