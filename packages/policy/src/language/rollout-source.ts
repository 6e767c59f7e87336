/** `rollout:` as people write it: in which order the hosts of a policy get a change, and what ends that. */
import { HOUR_MS } from "@shipkeeper/kit";
import * as z from "zod";
import { LAST_RING, shareOfRing } from "../rollout/rings.ts";
import type { Rollout } from "./policy.ts";
import { durationSchema, shareSchema } from "./values.ts";

const MOST_RINGS = 10;
const RING = "expected a ring: a value of the host label `ring`, a share such as 10%, or all";

const ringSchema = z.string({ error: RING }).regex(/^([a-z0-9][a-z0-9._-]{0,63}|[1-9]\d?%)$/, RING);

const ringsSchema = z
  .array(ringSchema)
  .max(MOST_RINGS, `expected ${MOST_RINGS} rings or fewer`)
  .check((context) => {
    const problem = ringsProblem(context.value);
    if (problem !== undefined)
      context.issues.push({ code: "custom", message: problem, input: context.value });
  });

function ringsProblem(rings: readonly string[]): string | undefined {
  if (rings.length === 0 || rings.indexOf(LAST_RING) !== rings.length - 1)
    return "the last ring is `all`, and no other is";
  if (new Set(rings).size < rings.length) return "a ring stands in it twice";
  const shares = rings.map(shareOfRing).filter((share) => share !== undefined);
  const grow = shares.every((share, index) => index === 0 || share > (shares[index - 1] ?? 0));
  return grow ? undefined : "shares count from the first host on, so each is larger than the one before";
}

export const rolloutSourceSchema = z.strictObject({
  rings: ringsSchema,
  bake: durationSchema.refine((ms) => ms >= 1_000, "expected one second or more").default(HOUR_MS),
  halt: z
    .strictObject({
      failedRuns: shareSchema.default(2),
      removed: shareSchema.default(20),
      unhealthy: shareSchema.default(5),
      silentHosts: shareSchema.default(1),
      guardrails: z.boolean().default(true),
    })
    .prefault({}),
});

export function compileRollout({ rings, bake, halt }: z.infer<typeof rolloutSourceSchema>): Rollout {
  return { rings, bakeMs: bake, halt };
}
