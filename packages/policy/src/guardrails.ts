/**
 * The host's own limits. Root writes them, the agent only reads them, and the stricter of policy and guardrails wins.
 * An absent file sets no limit of its own; a broken one stops every action, because a limit was meant.
 */
import * as z from "zod";
import { hookSchema } from "./hook.ts";
import { windowSchema } from "./schedule/schedule-schemas.ts";
import { nameSchema, patternSchema, sizeSchema } from "./language/values.ts";

const count = z.int().min(0);

export const guardrailsSchema = z.strictObject({
  neverTouch: z
    .strictObject({
      /** Container names. */
      containers: z.array(patternSchema).default([]),
      /** `key=value`, or `key` alone for any value. */
      labels: z.array(z.string().min(1)).default([]),
      volumes: z.array(patternSchema).default([]),
      /** Image tags and digests. */
      images: z.array(patternSchema).default([]),
    })
    .prefault({}),
  limits: z
    .strictObject({
      perRun: z
        .strictObject({
          images: count.optional(),
          containers: count.optional(),
          volumes: count.optional(),
          networks: count.optional(),
          bytes: sizeSchema.optional(),
        })
        .prefault({}),
      perDay: z
        .strictObject({
          images: count.optional(),
          containers: count.optional(),
          volumes: count.optional(),
          networks: count.optional(),
          restarts: count.optional(),
        })
        .prefault({}),
    })
    .prefault({}),
  /** What a policy alone cannot ask for: both must say so. */
  allow: z
    .strictObject({
      /** Whether a stopped service may be removed: a container with a restart policy, or of a compose project. */
      stoppedServices: z.boolean().default(false),
      /** Containers that healing may make anew. */
      recreate: z.array(patternSchema).default([]),
      /** Named volumes that may be removed. */
      volumes: z.array(patternSchema).default([]),
      /** Containers in which probes may run programs. */
      exec: z.array(patternSchema).default([]),
      /** Volumes, and host paths of bind mounts, whose content a restore may replace. */
      restoreOverExisting: z.array(patternSchema).default([]),
      /** Host paths of writable bind mounts that may be backed up. */
      binds: z.array(patternSchema).default([]),
    })
    .prefault({}),
  /** How databases are dumped, by the names that policies pick them by. */
  hooks: z.record(nameSchema, hookSchema).default({}),
  /** Nothing is destroyed outside of them; empty: at any time. */
  windows: z.array(windowSchema).default([]),
  /** While this file exists nothing is started, and what runs takes at most one more step. */
  stopFile: z.string().default("/etc/shipkeeper/STOP"),
});
export type Guardrails = z.infer<typeof guardrailsSchema>;

/** The limits of a host that has no guardrails file. */
export const NO_GUARDRAILS: Guardrails = guardrailsSchema.parse({});
