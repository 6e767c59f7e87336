/** Lets restore points go, and gives back the space that they took. */
import { HOUR_MS, assert } from "@shipkeeper/kit";
import { readForgotten } from "./answers.ts";
import type { DatasetId } from "@shipkeeper/policy";
import { OURS, tag } from "./tags.ts";
import { LONG_MS, SHORT_MS, type RunInRepository } from "./run-in-repository.ts";

export interface ForgetRequest {
  readonly hostId: string;
  readonly dataset: DatasetId;
  readonly policy: string;
  readonly rule: string;
  readonly keepWithinMs: number;
}

export function retain(run: RunInRepository) {
  return {
    /**
     * Forgets a rule's restore points of one dataset that are older than the span, counted back from the newest, which
     * therefore always stays. Others' are never looked at: the tags name the dataset and the rule. Returns how many went.
     */
    async forget(
      repositoryName: string,
      { hostId, dataset, policy, rule, keepWithinMs }: ForgetRequest,
      signal?: AbortSignal,
    ): Promise<number> {
      assert(keepWithinMs > 0, "an empty retention would forget everything");
      const tags = [OURS, tag("dataset", dataset), tag("policy", policy), tag("rule", rule)].join(",");
      // Grouped by host: by tags, each run would be a group of its own and nothing would ever go.
      const grouped = ["--host", hostId, "--tag", tags, "--group-by", "host"];
      const lines = await run(repositoryName, {
        attempt: `forget old restore points of ${dataset}`,
        args: ["forget", "--json", ...grouped, "--keep-within", formatSpan(keepWithinMs)],
        deadlineMs: SHORT_MS,
        signal,
      });
      return readForgotten(lines);
    },

    /** Lets one restore point go, by its full id. What it took stays until the repository is pruned. */
    async forgetOne(repositoryName: string, id: string, signal?: AbortSignal): Promise<void> {
      assert(/^[0-9a-f]{64}$/.test(id), "a restore point is forgotten by its full id");
      const attempt = `forget restore point ${id.slice(0, 8)}`;
      await run(repositoryName, { attempt, args: ["forget", id], deadlineMs: SHORT_MS, signal });
    },

    /** Gives back the space of what was forgotten. */
    async prune(repositoryName: string, signal?: AbortSignal): Promise<void> {
      await run(repositoryName, { attempt: "prune", args: ["prune"], deadlineMs: LONG_MS, signal });
    },
  };
}

/** Whole hours, rounded up: restic counts no less. */
function formatSpan(spanMs: number): string {
  const hours = Math.ceil(spanMs / HOUR_MS);
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}
