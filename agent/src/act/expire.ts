/** Tells of a container's end, stops it within its own stop timeout, and removes what was stopped; never its volumes. */
import { STOP_GRACE_MS } from "@shipkeeper/docker";
import { assert } from "@shipkeeper/kit";
import type { Container, ContainerId } from "@shipkeeper/model";
import {
  expectContainer,
  expireReasonSchema,
  firstChange,
  ruleKey,
  type StopFacts,
  type Verdict,
} from "@shipkeeper/policy";
import type { ActContext, SettleContext } from "./action-context.ts";
import type { ActionHandler, StepResult } from "./apply-plan.ts";
import { GONE, lookAgain, removeContainer } from "./container-steps.ts";
import { stopTimeoutOf } from "./stop-timeout.ts";

/** The exit code of a process that SIGKILL ended. */
const KILLED = 137;

export const expireHandler: ActionHandler = {
  exclusive: true,
  freesSpace: false,

  async take(verdict, context) {
    const { decision } = verdict;
    if (decision === "remove") return removeContainer(verdict, context);
    assert(decision === "announce" || decision === "stop", `expire knows no decision ${decision}`);
    const seen = await lookAgain(verdict, context);
    if ("end" in seen) return seen.end;
    return decision === "announce" ? announce(verdict, context) : stop(seen.container.id, context);
  },

  async settle({ verdict, startedAt }, context) {
    const { engine, expiries, runId, signal } = context;
    const { decision, expect = {} } = verdict;
    const id = verdict.target.id as ContainerId;
    const cutOff: StepResult = { status: "skipped", why: "cut-off" };
    if (decision === "announce") {
      const wasAnnounced = expiries.wasAnnounced({ containerId: id, runId });
      return wasAnnounced ? { status: "done", why: "found-announced" } : cutOff;
    }
    const seen = await engine.container(id, { signal });
    if (seen === undefined) return { status: decision === "remove" ? "done" : "unknown", why: "found-gone" };
    const changed = firstChange(expect, expectContainer(seen));
    if (changed === undefined) return cutOff;
    const isOfThisLife = (seen.startedAt ?? 0) === expect["startedAt"];
    if (decision === "stop" && isOfThisLife && endedByStop(seen, startedAt)) {
      return { ...noteStopped(seen, context), why: "found-stopped" };
    }
    return { status: "unknown", why: "found-changed", facts: { changed } };
  },
};

/** Told before it is noted: after a crash in between it is told once more, and never noted without being told. */
function announce({ target, reason }: Verdict, context: ActContext): StepResult {
  const { policy, rule, runId, expiries, clock, tellEvent } = context;
  const { type, id, name, owner } = target;
  const due = expireReasonSchema.parse(reason);
  assert(due.why === "ends-soon", `an announcement says when it ends, not ${due.why}`);
  const { bornAt, endsAt } = due;
  const key = ruleKey(policy, rule);
  const facts = { rule: key, until: endsAt, ...(owner === undefined ? {} : { owner }) };

  tellEvent({ what: "expiry-announced", subject: { type, id, name }, facts });
  expiries.announce({ rule: key, containerId: id, runId, bornAt, announcedAt: clock(), endsAt });
  return { status: "done", facts: { until: endsAt } };
}

async function stop(id: ContainerId, context: ActContext): Promise<StepResult> {
  const { engine, expiries, policy, rule, runId } = context;
  expiries.beginStop({ rule: ruleKey(policy, rule), containerId: id, runId });
  const answer = await engine.stopContainer(id);
  if (answer === "already-gone") return GONE;
  if (answer === "not-running") return { status: "skipped", why: "not-running" };

  const ended = await engine.container(id);
  if (ended === undefined) return GONE;
  if (ended.state === "exited") return noteStopped(ended, context);
  return { status: "failed", error: `the engine stopped it, and it is ${ended.state} right afterwards` };
}

function noteStopped(
  { id, exitCode, oomKilled, finishedAt }: Container,
  { expiries, runId, clock }: Pick<SettleContext, "expiries" | "runId" | "clock">,
): StepResult {
  const at = clock();
  expiries.stopped({ containerId: id, runId }, { at, finishedAt: finishedAt ?? at });
  const facts = {
    ...(exitCode === undefined ? {} : { exitCode }),
    killed: exitCode === KILLED && !oomKilled,
  } satisfies StopFacts;
  return { status: "done", facts };
}

/** Whether its process ended when a stop that began at `from` would have ended it. */
function endedByStop(container: Container, from: number): boolean {
  const { state, finishedAt } = container;
  const mostMs = stopTimeoutOf(container) + STOP_GRACE_MS;
  return state === "exited" && finishedAt !== undefined && finishedAt >= from && finishedAt <= from + mostMs;
}
