/** What a run did to one container after its post-mortem. */
import { countSchema, instantSchema } from "@shipkeeper/model";
import type { Aftermath } from "@shipkeeper/protocol";
import * as z from "zod";
import { fromJsonOr, type StoreDatabase } from "./database.ts";

export interface StepQuestion {
  readonly hostId: string;
  readonly runId: string;
  readonly containerId: string;
}

/** Facts of a step that people read; those that are not there, or are of another kind, are left out. */
const factsSchema = z.object({
  sickAt: instantSchema.optional().catch(undefined),
  healthyAt: instantSchema.optional().catch(undefined),
  downtimeMs: countSchema.optional().catch(undefined),
  healed: z.boolean().optional().catch(undefined),
});

export function aftermaths({ read }: StoreDatabase) {
  /** Undefined where the collector does not know the run, or the run did not come to the container. */
  return async ({ hostId, runId, containerId }: StepQuestion): Promise<Aftermath | undefined> => {
    const run = await read
      .selectFrom("run")
      .select(["action", "policy", "rule", "started_at", "finished_at", "outcome"])
      .where("host_id", "=", hostId)
      .where("id", "=", runId)
      .executeTakeFirst();
    if (run === undefined) return undefined;
    const { action, policy, rule, outcome } = run;
    const of = { policy: policy ?? undefined, rule: rule ?? undefined };
    const step = fromJsonOr(outcome, undefined)?.steps.find(({ target }) => target.id === containerId);
    if (step !== undefined) {
      const { decision, status, why, error, startedAt, facts } = step;
      return { ...of, decision, status, why, error, startedAt, ...factsSchema.parse(facts ?? {}) };
    }
    if (run.finished_at !== null) return undefined;
    return { ...of, decision: action, status: "running", startedAt: run.started_at ?? undefined };
  };
}
