import { instantSchema } from "@shipkeeper/model";
import { incidentSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf, queryFlag } from "./page.ts";

const { container, at: _, ...shared } = incidentSchema.shape;
const root = container.unwrap().shape;

export const apiIncidentSchema = z
  .object({
    hostId: z.string(),
    host: z.string(),
    /** Of the root: a container's name, or the host's. */
    name: z.string(),
    ...shared,
    /** Of the last container that had the identity; absent where the host itself is the root. */
    containerId: root.id.optional(),
    image: root.image.optional(),
    imageId: root.imageId.optional(),
    /** When it changed last. */
    changedAt: instantSchema,
  })
  .meta({ id: "Incident" });
export type ApiIncident = z.infer<typeof apiIncidentSchema>;

/** Without those that turned out to be part of another one. */
export const incidentsQuerySchema = listQuery(
  { sorts: ["detectedAt"], order: "-detectedAt" },
  {
    host: z.string().optional(),
    /** An id or a name. */
    container: z.string().optional(),
    /** An id, or the image as the container was asked for. */
    image: z.string().optional(),
    owner: z.string().optional(),
    open: queryFlag.optional(),
    /** Whether people were called. */
    handedOver: queryFlag.optional(),
    /** Those that lasted at some time of the span. */
    from: z.coerce.number().int().optional(),
    to: z.coerce.number().int().optional(),
  },
);
export type IncidentsQuery = z.infer<typeof incidentsQuerySchema>;
export const incidentsPageSchema = pageOf(apiIncidentSchema);
