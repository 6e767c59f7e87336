import { hostLabelsSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { roleSchema } from "./page.ts";

export const apiTokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: roleSchema,
    createdAt: instantSchema,
    createdBy: z.string(),
    expiresAt: instantSchema.optional(),
    lastUsedAt: instantSchema.optional(),
  })
  .meta({ id: "Token" });
export type ApiToken = z.infer<typeof apiTokenSchema>;

export const tokensPageSchema = z.object({ items: z.array(apiTokenSchema) });

export const newTokenSchema = z.strictObject({
  name: z.string().min(1).max(128),
  role: roleSchema,
  /** A duration such as `90d`; for ever where it is absent. */
  ttl: z.string().optional(),
});
export type NewToken = z.infer<typeof newTokenSchema>;

/** The only time that the token itself is shown. */
export const tokenMadeSchema = z
  .object({ ...apiTokenSchema.shape, token: z.string() })
  .meta({ id: "TokenMade" });
export type TokenMade = z.infer<typeof tokenMadeSchema>;

export const newEnrollmentTokenSchema = z.strictObject({
  /** A duration such as `15m`, at most a day. */
  ttl: z.string().default("15m"),
  /** Labels that the host gets, over its own. */
  labels: hostLabelsSchema.default({}),
});
export type NewEnrollmentToken = z.input<typeof newEnrollmentTokenSchema>;

/** Id and secret of a one-time token, shown once. See `formatEnrollmentToken` for what people carry to the host. */
export const enrollmentTokenMadeSchema = z
  .object({ id: z.string(), secret: z.string(), expiresAt: instantSchema })
  .meta({ id: "EnrollmentTokenMade" });
export type EnrollmentTokenMade = z.infer<typeof enrollmentTokenMadeSchema>;
