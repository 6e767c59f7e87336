import { assert } from "@shipkeeper/kit";
import { containerIdSchema, type ContainerId } from "@shipkeeper/model";
import { datasetId, readDatasetId, type Dataset, type DatasetId, type Verdict } from "@shipkeeper/policy";
import * as z from "zod";

/** What a step of a backup is to do, as its verdict says it. */
export interface BackupStep {
  readonly dataset: Dataset;
  readonly id: DatasetId;
  readonly repository: string;
  /** The repository that has the restore point to copy. */
  readonly from?: string | undefined;
  readonly consistency: "none" | "pause" | "stop" | "hook";
  /** Who is paused or stopped, in this order; for a hook, the one that it runs in. */
  readonly containers: readonly ContainerId[];
  readonly hook?: string | undefined;
}

const expectSchema = z.object({
  repository: z.string(),
  from: z.string().optional(),
  consistency: z.enum(["none", "pause", "stop", "hook"]).default("none"),
  containers: z.string().default(""),
  hook: z.string().optional(),
});

export function readBackupStep({ target, expect }: Pick<Verdict, "target" | "expect">): BackupStep {
  const dataset = readDatasetId(target.id);
  assert(dataset !== undefined, `a backup is of a dataset, not of ${target.id}`);
  const { containers, ...rest } = expectSchema.parse(expect);
  const ids = containers.split(" ").filter((id) => id !== "");
  return {
    dataset,
    id: datasetId(dataset),
    ...rest,
    containers: ids.map((one) => containerIdSchema.parse(one)),
  };
}
