/** How sickness went: how fast it was seen and mended, how often, and by whom. Computed from incidents. */
import { formatShare } from "@shipkeeper/kit";
import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { queryInteger } from "./page.ts";

/** Of the incidents that have both ends of the stretch. Percentiles are of the incident that has that rank. */
const timesSchema = z.object({
  count: countSchema,
  medianMs: countSchema.optional(),
  p95Ms: countSchema.optional(),
  maxMs: countSchema.optional(),
});
export type HealingTimes = z.infer<typeof timesSchema>;

const countsSchema = z.object({
  incidents: countSchema,
  /** Orders to heal. */
  heals: countSchema,
  /** Ended by an order of ours. */
  healed: countSchema,
  /** Ended without one. */
  recovered: countSchema,
  handedOver: countSchema,
});

const groupSchema = countsSchema.extend({
  /** Absent for what nobody owns. */
  name: z.string().optional(),
});
export type HealingGroup = z.infer<typeof groupSchema>;

const flappingSchema = z.object({
  name: z.string(),
  host: z.string(),
  owner: z.string().optional(),
  image: z.string().optional(),
  incidents: countSchema,
  heals: countSchema,
});
export type FlappingContainer = z.infer<typeof flappingSchema>;

const shareSchema = z.number().min(0).max(1).optional();

export const apiHealingSchema = z
  .object({
    /** Incidents that were detected from here on. */
    since: instantSchema,
    at: instantSchema,
    ...countsSchema.shape,
    open: countSchema,
    /** Somebody stopped what was sick. */
    stopped: countSchema,
    removed: countSchema,
    /** Of those that got well, the ones that did so by themselves. */
    recoveredShare: shareSchema,
    /** Of those that ended, the ones that got well without people being called. */
    withoutPeopleShare: shareSchema,
    times: z.object({
      sickToDetected: timesSchema,
      detectedToOrdered: timesSchema,
      orderedToHealthy: timesSchema,
      sickToHealthy: timesSchema,
    }),
    /** Most orders first, as the lists below. */
    byImage: z.array(groupSchema),
    byOwner: z.array(groupSchema),
    /** Containers that were ordered to be healed more than once. */
    flapping: z.array(flappingSchema),
  })
  .meta({ id: "Healing" });
export type ApiHealing = z.infer<typeof apiHealingSchema>;

/** The stretches of an incident in words. */
export const HEALING_STRETCHES = [
  ["sickToDetected", "sick until detected"],
  ["detectedToOrdered", "detected until ordered"],
  ["orderedToHealthy", "ordered until healthy"],
  ["sickToHealthy", "sick until healthy"],
] as const satisfies readonly (readonly [keyof ApiHealing["times"], string])[];

/** `5 incidents, 9 orders to heal: 2 healed, 1 recovered without an order (33.33 % of what got well), …` */
export function healingInWords(healing: ApiHealing): string {
  const { incidents, heals, healed, recovered, recoveredShare, stopped, removed, open, handedOver } = healing;
  if (incidents === 0) return "nothing was sick";
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const byItself = recoveredShare === undefined ? "" : ` (${formatShare(recoveredShare)} of what got well)`;
  const ends = [
    `${healed} healed`,
    `${recovered} recovered without an order${byItself}`,
    ...(stopped > 0 ? [`${stopped} stopped by people`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
    ...(open > 0 ? [`${open} open`] : []),
  ];
  const all = `${counted(incidents, "incident")}, ${counted(heals, "order")} to heal`;
  return `${all}: ${ends.join(", ")}; people were called for ${handedOver}`;
}

export const healingQuerySchema = z.strictObject({
  /** How far back. */
  days: queryInteger(1, 400).default(30),
  host: z.string().optional(),
  owner: z.string().optional(),
});
