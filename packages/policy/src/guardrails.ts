/**
 * The host's own limits. Root writes them, the agent only reads them, and the stricter of policy and guardrails wins.
 * An absent file sets no limit of its own; a broken one stops every action, because a limit was meant.
 */
import { parseBytes, patternProblem } from "@shipkeeper/kit";
import * as z from "zod";

const pattern = z.string().check((context) => {
  const problem = patternProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: "custom", message: problem, input: context.value });
});

const bytes = z.string().transform((text, context) => {
  const parsed = parseBytes(text);
  if (parsed !== undefined) return parsed;
  context.issues.push({ code: "custom", message: "expected a size such as 20GB", input: text });
  return z.NEVER;
});

const count = z.int().min(0);

export const guardrailsSchema = z.strictObject({
  neverTouch: z
    .strictObject({
      /** Container names. */
      containers: z.array(pattern).default([]),
      /** `key=value`, or `key` alone for any value. */
      labels: z.array(z.string().min(1)).default([]),
      volumes: z.array(pattern).default([]),
      /** Image tags and digests. */
      images: z.array(pattern).default([]),
    })
    .prefault({}),
  limits: z
    .strictObject({
      perRun: z
        .strictObject({
          images: count.optional(),
          containers: count.optional(),
          bytes: bytes.optional(),
        })
        .prefault({}),
      perDay: z
        .strictObject({ images: count.optional(), containers: count.optional(), restarts: count.optional() })
        .prefault({}),
    })
    .prefault({}),
  /** While this file exists nothing is started, and what runs takes at most one more step. */
  stopFile: z.string().default("/etc/shipkeeper/STOP"),
});
export type Guardrails = z.infer<typeof guardrailsSchema>;

/** The limits of a host that has no guardrails file. */
export const NO_GUARDRAILS: Guardrails = guardrailsSchema.parse({});
