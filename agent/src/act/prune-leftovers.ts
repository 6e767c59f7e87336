/** Removes networks and records of build cache, one at a time, each looked at once more right before. */
import type { BuildCacheRecord } from "@shipkeeper/model";
import { expectBuildCache, expectNetwork, firstChange, recordAtWork, type Verdict } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import type { StepResult } from "./apply-plan.ts";
import { GONE, resultOf } from "./container-steps.ts";

export async function removeNetwork(
  id: string,
  verdict: Verdict,
  { engine }: Pick<ActContext, "engine">,
): Promise<StepResult> {
  const seen = await engine.network(id);
  if (seen === undefined) return GONE;
  const changed = firstChange(verdict.expect ?? {}, expectNetwork(seen.network));
  if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };
  // Who may join a network changes at any time, also for containers that do not run and that it does not list.
  const user = await memberOf(id, seen.network.name, engine);
  if (user !== undefined || seen.attached.length > 0) return { status: "skipped", why: "in-use" };

  return resultOf(await engine.removeNetwork(id));
}

async function memberOf(id: string, name: string, engine: ActContext["engine"]): Promise<string | undefined> {
  for (const containerId of await engine.containerIds()) {
    const container = await engine.container(containerId);
    const isMember = container?.networks.some((one) => one.id === id || one.name === name) === true;
    if (isMember || [id, name].includes(container?.privileges.networkMode ?? "")) return container?.name;
  }
  return undefined;
}

export async function removeBuildCache(
  id: string,
  verdict: Verdict,
  context: ActContext,
): Promise<StepResult> {
  const records = await recordsOf(context);
  if (recordAtWork(records, context.clock()) !== undefined) {
    return { status: "skipped", why: "build-under-way" };
  }
  const seen = records.find((record) => record.id === id);
  if (seen === undefined) return GONE;
  const changed = firstChange(verdict.expect ?? {}, expectBuildCache(seen));
  if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };

  return resultOf(await context.engine.removeBuildCache(id));
}

/**
 * Once a run: older engines walk all their disks for this list. A build that begins later holds the records that it
 * needs, and the engine refuses these.
 */
function recordsOf(context: ActContext): Promise<readonly BuildCacheRecord[]> {
  const known = knownRecords.get(context) ?? context.engine.buildCache();
  knownRecords.set(context, known);
  return known;
}

const knownRecords = new WeakMap<ActContext, Promise<readonly BuildCacheRecord[]>>();
