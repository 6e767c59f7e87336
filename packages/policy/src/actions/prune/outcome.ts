import type { Measures, Outcome } from "../action.ts";

/** What went, and what the file system says was freed. */
export function measurePrune({ steps, freedBytes }: Outcome): Measures {
  const done = steps.filter(({ status }) => status === "done");
  const removed = (type: string) => done.filter(({ target }) => target.type === type).length;
  return {
    imagesRemoved: removed("image"),
    containersRemoved: removed("container"),
    volumesRemoved: removed("volume"),
    networksRemoved: removed("network"),
    buildCacheRemoved: removed("build-cache"),
    // Others write while a run frees: less free space afterwards is not a negative gain.
    freedBytes: Math.max(0, freedBytes ?? 0),
    failedSteps: steps.filter(({ status }) => status === "failed" || status === "unknown").length,
  };
}
