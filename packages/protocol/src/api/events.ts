import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { listQuery, pageOf } from "./page.ts";

/** `event`: something happened. `trouble`: the agent could not do something. `dropped`: the agent gave entries up. */
export const eventKindSchema = z.enum(["event", "trouble", "dropped"]);
export type EventKind = z.infer<typeof eventKindSchema>;

export const apiEventSchema = z
  .object({
    hostId: z.string(),
    host: z.string(),
    kind: eventKindSchema,
    at: instantSchema,
    receivedAt: instantSchema,
    /** What happened, the trouble's code, or why entries were dropped. */
    what: z.string(),
    subject: z.object({ type: z.string(), id: z.string(), name: z.string() }).optional(),
    message: z.string(),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  })
  .meta({ id: "Event" });
export type ApiEvent = z.infer<typeof apiEventSchema>;

export const eventsQuerySchema = listQuery(
  { sorts: ["at"], order: "-at" },
  {
    host: z.string().optional(),
    kind: eventKindSchema.optional(),
    what: z.string().optional(),
    /** Id of the container, image, … */
    subject: z.string().optional(),
    from: z.coerce.number().int().optional(),
    to: z.coerce.number().int().optional(),
  },
);
export type EventsQuery = z.infer<typeof eventsQuerySchema>;
export const eventsPageSchema = pageOf(apiEventSchema);
