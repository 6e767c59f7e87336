import * as z from "zod";
import {
  durationSchema,
  nameSchema,
  selectingLabelsSchema,
  selectingPatternsSchema,
} from "../../language/values.ts";

export const backupSpecSchema = z.strictObject({
  /** Where names and labels are both given, both must match. */
  select: z
    .strictObject({
      volumes: selectingPatternsSchema.optional(),
      labels: selectingLabelsSchema.optional(),
    })
    .refine(({ volumes, labels }) => volumes !== undefined || labels !== undefined, {
      message: "selects nothing: it needs `volumes`, `labels` or both",
    }),
  /** Repositories by the names that the hosts' own configuration gives them. */
  to: z.array(nameSchema).min(1, "expected the name of at least one repository"),
  keep: z
    .strictObject({
      /** Restore points of this span stay; older ones may go, the last one never. */
      within: durationSchema,
    })
    .optional(),
  /** The most data, in time, that may be lost. */
  rpo: durationSchema.optional(),
});
export type BackupSpec = z.infer<typeof backupSpecSchema>;

/** The same volumes to the same place, twice. */
export function overlapOfBackups(first: BackupSpec, second: BackupSpec): string | undefined {
  const place = first.to.find((repository) => second.to.includes(repository));
  const same = JSON.stringify(first.select) === JSON.stringify(second.select);
  return same && place !== undefined ? `the same volumes and repository ${place}` : undefined;
}
