import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";

const evidence = z.object({});

/**
 * A running container without a health check: nobody sees that it hangs, and nothing heals it.
 * CIS Docker Benchmark 4.6 and 5.27. Kubernetes has probes of its own, which the engine knows nothing of.
 */
export const healthCheckMissing: Check<true, z.infer<typeof evidence>> = {
  code: "health-check-missing",
  title: "no health check",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: ["containers"],
  container(_, container) {
    if (!isAlive(container) || container.kubernetes !== undefined) return undefined;
    return container.healthCheck === undefined ? failed({}) : PASSED;
  },
  explain: () => "has no health check",
};
