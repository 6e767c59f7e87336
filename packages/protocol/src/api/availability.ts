/** How much of the time containers, services and hosts were up. `docs/operating.md` says what is counted. */
import { DAY_MS } from "@shipkeeper/kit";
import { countSchema } from "@shipkeeper/model";
import { availabilityStateSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { listQuery, pageOf } from "./page.ts";

export const AVAILABILITY_WINDOWS = {
  "24h": DAY_MS,
  "7d": 7 * DAY_MS,
  "30d": 30 * DAY_MS,
  "90d": 90 * DAY_MS,
} as const;
export const availabilityWindowSchema = z.enum(["24h", "7d", "30d", "90d"]);
export type AvailabilityWindow = z.infer<typeof availabilityWindowSchema>;

export const availabilityOfSchema = z.enum(["containers", "services", "hosts"]);
export type AvailabilityOf = z.infer<typeof availabilityOfSchema>;

/** Per cent of the counted time. */
export const DEFAULT_TARGET = 99.9;

export const apiAvailabilitySchema = z
  .object({
    /** A container's, a host's, or `project/service`. */
    name: z.string(),
    /** Of a container and of a host; services may run on many. */
    host: z.string().optional(),
    hostId: z.string().optional(),
    /** What stays the same when the container is recreated. */
    identity: z.string().optional(),
    /** Of a container: the compose service that it belongs to, as `project/service`. */
    service: z.string().optional(),
    image: z.string().optional(),
    owner: z.string().optional(),
    /** How many containers a service or a host had in the window. */
    containers: countSchema.optional(),
    /** By the last word; of services and hosts by what was watched last. */
    state: availabilityStateSchema.optional(),
    /** `upMs` of `upMs + downMs`, 0 to 1; absent where nothing was counted. */
    share: z.number().min(0).max(1).optional(),
    upMs: countSchema,
    downMs: countSchema,
    /** The rest of the window: not watched, or not meant to run. */
    uncountedMs: countSchema,
    outages: countSchema,
    longestOutageMs: countSchema,
    /** Whether the share reaches the target; absent where there is no share. */
    met: z.boolean().optional(),
    /** What the target still allows to be down in the counted time; below 0 where it is missed. */
    budgetLeftMs: z.int().optional(),
    /** Of a host: the mean of the shares of its containers. */
    containersShare: z.number().min(0).max(1).optional(),
  })
  .meta({ id: "Availability" });
export type ApiAvailability = z.infer<typeof apiAvailabilitySchema>;

export const availabilityQuerySchema = listQuery(
  { sorts: ["share", "downMs", "outages", "name"], order: "share" },
  {
    of: availabilityOfSchema.default("containers"),
    window: availabilityWindowSchema.default("30d"),
    /** Of a service: those with a container on the host. */
    host: z.string().optional(),
    owner: z.string().optional(),
    /** Per cent. */
    target: z.coerce.number().min(0).max(100).default(DEFAULT_TARGET),
  },
);
export type AvailabilityQuery = z.infer<typeof availabilityQuerySchema>;
export const availabilityPageSchema = pageOf(apiAvailabilitySchema);
