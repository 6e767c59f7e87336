import type { Instant } from "@shipkeeper/kit";
import type { DatasetId } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";
import { countSchema } from "@shipkeeper/model";
import * as z from "zod";

export const MOST_SAMPLED_FILES = 50;

/** A few files of a dataset, by their paths in it. */
const fileSampleSchema = z
  .array(z.object({ path: z.string(), bytes: countSchema, sha256: z.string() }))
  .max(MOST_SAMPLED_FILES);
export type FileSample = z.infer<typeof fileSampleSchema>;

/** What is remembered of a dataset as it was when it was backed up. */
export interface RememberedFiles {
  readonly files: number | undefined;
  readonly sample: FileSample | undefined;
}

export type FileSamples = ReturnType<typeof fileSamples>;

/** A dataset's restore points of which something is remembered; of older ones only the repository tells. */
const MOST_OF_A_DATASET = 200;

/** By dataset and the time of its data, which a restore point and its copies in other repositories share. */
export function fileSamples(db: Database) {
  const put = db.prepare(/*sql*/ `
    INSERT INTO file_sample (dataset, at, files, sample) VALUES (@dataset, @at, @files, @sample)
    ON CONFLICT (dataset, at) DO NOTHING`);
  const trim = db.prepare(/*sql*/ `
    DELETE FROM file_sample WHERE dataset = @dataset AND at NOT IN
      (SELECT at FROM file_sample WHERE dataset = @dataset ORDER BY at DESC LIMIT @most)`);
  const select = db.prepare<[DatasetId, Instant], { files: number; sample: string }>(/*sql*/ `
    SELECT files, sample FROM file_sample WHERE dataset = ? AND at = ?`);

  return {
    put: db.transaction(
      (dataset: DatasetId, at: Instant, { files, sample }: { files: number; sample: FileSample }): void => {
        put.run({ dataset, at, files, sample: JSON.stringify(sample) });
        trim.run({ dataset, most: MOST_OF_A_DATASET });
      },
    ),
    of(dataset: DatasetId, at: Instant): RememberedFiles {
      const row = select.get(dataset, at);
      if (row === undefined) return { files: undefined, sample: undefined };
      return { files: row.files, sample: fileSampleSchema.parse(JSON.parse(row.sample)) };
    },
  };
}
