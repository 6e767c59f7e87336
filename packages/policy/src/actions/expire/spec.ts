import * as z from "zod";
import { durationSchema, selectingLabelsSchema, selectingPatternsSchema } from "../../language/values.ts";

/** By this label a container asks to be stopped after so long: `shipkeeper.expire=8h`. */
export const EXPIRE_LABEL = "shipkeeper.expire";

const selectSchema = z
  .strictObject({
    containers: selectingPatternsSchema.optional(),
    labels: selectingLabelsSchema.optional(),
    /** Owners as the policy's owner map and labels name them. */
    owners: selectingPatternsSchema.optional(),
  })
  .refine((select) => Object.values(select).some((key) => key !== undefined), {
    message: "selects nothing: it needs `containers`, `labels`, `owners` or several of them",
  });

const limitsSchema = z.strictObject({
  /** Containers that one run stops or removes. */
  items: z.int().min(1).default(5),
  /** Of these, containers of one compose project, so that a stack does not go down as a whole. */
  perProject: z.int().min(1).default(1),
  /** What all runs of the rule may stop and remove in 24 hours. */
  perDay: z.strictObject({ items: z.int().min(1).optional() }).prefault({}),
});

export const expireSpecSchema = z
  .strictObject({
    select: selectSchema.optional(),
    /** Containers that ask for it with their own label. */
    optIn: z.boolean().default(false),
    /** Every container of the host. */
    all: z.boolean().default(false),
    /** The longest that any of them may live; a label can only ask for less. */
    olderThan: durationSchema,
    /** Age of the process, or of the container whatever its process did. */
    since: z.enum(["started", "created"]).default("started"),
    /** How long before its end the owner is told. Nothing is stopped that was not announced for so long. */
    announce: durationSchema.prefault("3d"),
    /** How much longer it runs when its end has come, for whoever reads late. */
    grace: durationSchema.optional(),
    /** How long after it was stopped it is removed. Left out, it stays. */
    removeAfter: durationSchema.optional(),
    /** What is refused unless it is named here, or by its full name in `select.containers`. */
    include: z.array(z.enum(["databases", "compose", "restart-always"])).default([]),
    limits: limitsSchema.prefault({}),
  })
  .refine(({ select, optIn, all }) => select !== undefined || optIn || all, {
    message: "selects nothing: it needs `select`, `optIn: true` or `all: true`",
  })
  .refine(({ select, all }) => select === undefined || !all, {
    message: "`all: true` leaves nothing to select: leave out one of the two",
    path: ["all"],
  });
export type ExpireSpec = z.infer<typeof expireSpecSchema>;

/** Each would tell the same owners another end. */
export function overlapOfExpiries(first: ExpireSpec, second: ExpireSpec): string | undefined {
  if (first.all && second.all) return "all containers";
  if (first.all || second.all) return "the same containers";
  if (first.select === undefined || second.select === undefined) return undefined;
  return JSON.stringify(first.select) === JSON.stringify(second.select) ? "the same containers" : undefined;
}
