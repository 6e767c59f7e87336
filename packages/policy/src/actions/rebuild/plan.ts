/** Whether a host is due to be rebuilt on this one for a try. What the repository holds of it is found out by trying. */
import { DAY_MS, newest } from "@shipkeeper/kit";
import { datasetId, type DatasetId } from "../../dataset/dataset.ts";
import type { World } from "../../round/world.ts";
import type { Plan, VerdictFor } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import type { Expectation } from "../expectation.ts";
import type { RebuildReason } from "./reason.ts";
import type { RebuildSpec } from "./spec.ts";

type RebuildVerdict = VerdictFor<RebuildReason>;

/** What failed is tried again after this: a host that would not come back shall not stay so for months. */
const AGAIN_MS = DAY_MS;

export function planRebuild(spec: RebuildSpec, world: World): Plan {
  return { kind: "rebuild", verdicts: [judge(spec, world)] };
}

/** How drills of another host are told apart from those of this host's own data: `host:web-1`. */
export function rebuiltDataset(host: string): DatasetId {
  return datasetId({ kind: "host", name: host });
}

/** What a rebuild relies on: the policy's word alone. */
export function expectRebuild({ host, from }: Pick<RebuildSpec, "host" | "from">): Expectation {
  return { host, repository: from };
}

function judge(spec: RebuildSpec, world: World): RebuildVerdict {
  const { now, hostId, hostLabels, repositories, ledger } = world;
  const { host, from: repository, drill } = spec;
  const target: RebuildVerdict["target"] = { type: "host", id: host, name: host };
  const exception = exceptionFor(world, target);
  if (exception !== undefined) return { target, decision: "keep", reason: exception };
  if (host === hostId || host === hostLabels["hostname"])
    return { target, decision: "refuse", reason: { why: "itself" } };
  if (!repositories.includes(repository))
    return { target, decision: "refuse", reason: { why: "repository-unknown", repository } };

  const step = { target, decision: "rebuild", expect: expectRebuild(spec) };
  const dataset = rebuiltDataset(host);
  const drills = ledger.proofs.filter(({ level }) => level === "drill");
  const last = newest(drills.filter((one) => one.dataset === dataset && one.repository === repository));
  if (last === undefined) return { ...step, reason: { why: "never-rebuilt", repository } };
  const lastTime = { lastAt: last.at, ageMs: Math.max(0, now - last.at) };
  const againMs = Math.min(drill.every, AGAIN_MS);
  if (last.passed) {
    return lastTime.ageMs < drill.every
      ? { target, decision: "keep", reason: { why: "rebuilt", ...lastTime, everyMs: drill.every } }
      : { ...step, reason: { why: "due", repository, ...lastTime } };
  }
  return lastTime.ageMs < againMs
    ? { target, decision: "keep", reason: { why: "failed", ...lastTime, againMs } }
    : { ...step, reason: { why: "failed-last", repository, ...lastTime } };
}
