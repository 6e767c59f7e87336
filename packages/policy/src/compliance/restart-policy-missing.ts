import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";

const evidence = z.object({ restartPolicy: z.string() });

/**
 * A running container that stays down after it fails or its host restarts. CIS Docker Benchmark 5.15 asks for
 * `on-failure` with five tries at most; any policy counts here, since services are meant to come back. What Swarm or
 * Kubernetes runs is started again by them, and what was started with `--rm` is not meant to last.
 */
export const restartPolicyMissing: Check<true, z.infer<typeof evidence>> = {
  code: "restart-policy-missing",
  title: "no restart policy",
  severity: "low",
  limit: z.literal(true),
  evidence,
  needs: ["containers"],
  container(_, container) {
    const { swarm, kubernetes, autoRemove, restartPolicy } = container;
    if (!isAlive(container) || swarm !== undefined || kubernetes !== undefined || autoRemove)
      return undefined;
    return ["", "no"].includes(restartPolicy.name) ? failed({ restartPolicy: restartPolicy.name }) : PASSED;
  },
  explain: () => "stays down after it fails or the host restarts: it has no restart policy",
};
