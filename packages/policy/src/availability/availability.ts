/** Words of availability that agents tell and collectors count. */
import { containerIdSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";

/** `up` and `down` are counted; `out` is not: it was never meant to run then. */
export const availabilityStateSchema = z.enum(["up", "down", "out"]);
export type AvailabilityState = z.infer<typeof availabilityStateSchema>;

/** What keeps its place over many containers (`containerIdentity`), and how it stands from an instant on. */
export const availabilityChangeSchema = z.object({
  identity: z.string().min(1),
  name: z.string(),
  containerId: containerIdSchema,
  image: z.string(),
  service: z.object({ project: z.string(), service: z.string() }).optional(),
  owner: z.string().optional(),
  state: availabilityStateSchema,
  /** When it began, as well as that is known; never before what was told of the identity earlier. */
  since: instantSchema,
  why: z.string(),
});
export type AvailabilityChange = z.infer<typeof availabilityChangeSchema>;

/** A stretch that an agent watched without a break, and whether the host's engine answered in it. */
export const watchSpanSchema = z.object({ from: instantSchema, to: instantSchema, answers: z.boolean() });
export type WatchSpan = z.infer<typeof watchSpanSchema>;
