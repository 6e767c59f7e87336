import type { Measures, Outcome } from "../action.ts";

/** What went, and what the file system says was freed. */
export function measurePrune({ steps, freedBytes }: Outcome): Measures {
  const done = steps.filter(({ status }) => status === "done");
  return {
    imagesRemoved: done.filter(({ target }) => target.type === "image").length,
    containersRemoved: done.filter(({ target }) => target.type === "container").length,
    // Others write while a run frees: less free space afterwards is not a negative gain.
    freedBytes: Math.max(0, freedBytes ?? 0),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
