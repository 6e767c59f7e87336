/** What restic prints, as far as it is used. Fields and message types come and go with its versions. */
import { parseInstant, parseJson, type Instant } from "@shipkeeper/kit";
import { countSchema } from "@shipkeeper/model";
import * as z from "zod";

const summarySchema = z.object({
  message_type: z.literal("summary"),
  snapshot_id: z.string().optional(),
  /** Zero values are left out by some versions. */
  total_files_processed: countSchema.default(0),
  total_bytes_processed: countSchema.default(0),
  data_added: countSchema.default(0),
});
export type BackupSummary = z.infer<typeof summarySchema>;

const snapshotSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  time: z.string(),
  hostname: z.string().default(""),
  paths: z.array(z.string()).default([]),
  tags: z.array(z.string()).nullish(),
  original: z.string().nullish(),
});

export interface Snapshot {
  readonly id: string;
  /** When its data was begun to be read. */
  readonly at: Instant;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  /** The id of the one that it was made from by giving it other tags. */
  readonly original?: string;
}

/** The last summary among the lines; lines that are no JSON, or of another type, are passed over. */
export function readSummary(lines: readonly string[]): BackupSummary | undefined {
  return lines.toReversed().flatMap((line) => summarySchema.safeParse(parseJson(line)).data ?? [])[0];
}

/** Every snapshot that can be read; one that cannot has no time or no id and is of no use to anybody. */
export function readSnapshots(lines: readonly string[]): Snapshot[] {
  const listed = z
    .array(z.unknown())
    .nullish()
    .parse(parseJson(lines.join("\n")));
  return (listed ?? []).flatMap((one) => {
    const parsed = snapshotSchema.safeParse(one).data;
    const at = parseInstant(parsed?.time);
    if (parsed === undefined || at === undefined) return [];
    const { id, hostname, paths, tags, original } = parsed;
    return [{ id, at, hostname, paths, tags: tags ?? [], ...(original && { original }) }];
  });
}

const forgottenSchema = z.array(z.object({ remove: z.array(z.unknown()).nullish() })).nullish();

/** How many snapshots `forget --json` says it removed. */
export function readForgotten(lines: readonly string[]): number {
  const groups = lines.flatMap((line) => forgottenSchema.safeParse(parseJson(line)).data ?? []);
  return groups.reduce((count, { remove }) => count + (remove?.length ?? 0), 0);
}

const statsSchema = z
  .object({ total_size: countSchema.default(0), total_file_count: countSchema.default(0) })
  .transform((stats): ContentSize => ({ bytes: stats.total_size, files: stats.total_file_count }));

/** What a restore writes. Folders and all else that has a name count as files. */
export interface ContentSize {
  readonly bytes: number;
  readonly files: number;
}

/** The size that `stats --json` tells; 0 where it tells none. */
export function readSize(lines: readonly string[]): ContentSize {
  const sizes = lines.flatMap((line) => statsSchema.safeParse(parseJson(line)).data ?? []);
  return sizes.at(-1) ?? { bytes: 0, files: 0 };
}
