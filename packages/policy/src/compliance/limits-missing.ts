import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";
import { listed } from "./image-names.ts";

const evidence = z.object({ missing: z.array(z.string()) });

/**
 * A running container that may use all memory or all processors of its host, and so take its neighbours down with it.
 * CIS Docker Benchmark 5.11 (memory) and 5.12 (processors: a quota, or a weight against others).
 */
export const limitsMissing: Check<true, z.infer<typeof evidence>> = {
  code: "limits-missing",
  title: "no limits of memory and processors",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: ["containers"],
  container(_, container) {
    if (!isAlive(container)) return undefined;
    const { memoryBytes, nanoCpus, cpuShares } = container.limits;
    const missing = [
      ...(memoryBytes === undefined ? ["memory"] : []),
      ...(nanoCpus === undefined && cpuShares === undefined ? ["processors"] : []),
    ];
    return missing.length === 0 ? PASSED : failed({ missing });
  },
  explain: ({ missing }) => `has no limit of ${listed(missing, "and")}`,
};
