import { instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { orderedSchema, orderStateSchema } from "../order.ts";
import { listQuery, pageOf } from "./page.ts";

export const apiOrderSchema = z
  .object({
    id: z.string(),
    host: z.string(),
    hostId: z.string(),
    issuedAt: instantSchema,
    expiresAt: instantSchema,
    postedBy: z.string(),
    /** Fingerprint of the key that signed it. */
    key: z.string(),
    what: orderedSchema,
    /** `waiting`: the host has not taken it. `expired`: it never did. */
    state: z.enum([...orderStateSchema.options, "waiting", "expired"]),
    /** What was said of it last, and when. */
    message: z.string().optional(),
    at: instantSchema.optional(),
  })
  .meta({ id: "Order" });
export type ApiOrder = z.infer<typeof apiOrderSchema>;

export const ordersQuerySchema = listQuery(
  { sorts: ["issuedAt"], order: "-issuedAt" },
  { host: z.string().optional() },
);
export type OrdersQuery = z.infer<typeof ordersQuerySchema>;
export const ordersPageSchema = pageOf(apiOrderSchema);
