/**
 * Which data is backed up where. Owns the choice and the order; how a repository is reached, and how a container is
 * stopped, is not known here. An incomplete list only hides data: what was seen is backed up all the same, unless somebody
 * who is not in the list might write to it.
 */
import { newest } from "@shipkeeper/kit";
import type { KnownRestorePoint, World } from "../../round/world.ts";
import type { Plan, VerdictFor } from "../action.ts";
import { candidatesOf, type Candidate } from "./candidates.ts";
import { idleDecision, type BackupReason } from "./reason.ts";
import type { BackupSpec } from "./spec.ts";

export type BackupVerdict = VerdictFor<BackupReason>;

/** A verdict for everything that stays out, and one for each repository of what is selected. */
export function planBackup(spec: BackupSpec, world: World): Plan {
  const idle: BackupVerdict[] = [];
  const steps: Step[] = [];
  for (const candidate of candidatesOf(spec, world)) {
    if (candidate.left !== undefined) idle.push(stays(candidate, candidate.left));
    else {
      const [known, unknown] = split(spec.to, world.repositories);
      for (const repository of unknown)
        idle.push(stays(candidate, { why: "repository-unknown", repository }));
      for (const one of placesOf(candidate, known, world)) {
        if ("lastAt" in one) steps.push(one);
        else idle.push(one);
      }
    }
  }

  // A copy goes over a slow line and holds nobody still: it waits until everything is safe once. Where the last restore
  // point is oldest, most would be lost: it goes first, should the run be cut short.
  steps.sort((a, b) => rank(a) - rank(b) || (a.lastAt === b.lastAt ? 0 : a.lastAt - b.lastAt));
  return { kind: "backup", verdicts: [...steps.map(({ verdict }) => verdict), ...idle] };
}

interface Step {
  readonly lastAt: number;
  readonly verdict: BackupVerdict;
}

const rank = ({ verdict }: Step) => (verdict.decision === "copy" ? 1 : 0);

/** The host's own repositories of those that the rule names, each once and in its order. */
function split(to: readonly string[], repositories: readonly string[]): [known: string[], unknown: string[]] {
  const named = [...new Set(to)];
  const isKnown = (repository: string) => repositories.includes(repository);
  return [named.filter(isKnown), named.filter((repository) => !isKnown(repository))];
}

/** Backed up to the first repository; the others get copies of that restore point. */
function placesOf(candidate: Candidate, repositories: readonly string[], world: World) {
  const { unchangedSince = Infinity } = candidate;
  return repositories.map((repository, index): Step | BackupVerdict => {
    const last = newestRestorePoint(world.ledger.restorePoints, candidate.target.id, repository);
    if (last !== undefined && last.at > unchangedSince) {
      return stays(candidate, { why: "saved", repository, at: last.at });
    }
    const from = index === 0 ? undefined : repositories[0];
    return { lastAt: last?.at ?? -Infinity, verdict: step(candidate, { repository, from }, last, world.now) };
  });
}

function step(
  { target, still, expect, bytes }: Candidate,
  { repository, from }: { repository: string; from: string | undefined },
  last: KnownRestorePoint | undefined,
  now: number,
): BackupVerdict {
  const where = { repository, ...(still !== undefined && from === undefined && { still }) };
  return {
    target,
    decision: from === undefined ? "back-up" : "copy",
    reason:
      last === undefined
        ? { why: "no-restore-point", ...where }
        : { why: "due", ...where, lastAt: last.at, ageMs: Math.max(0, now - last.at) },
    expect: { ...expect, repository, ...(from !== undefined && { from }) },
    ...(bytes !== undefined && { bytes }),
  };
}

function stays({ target }: Candidate, reason: BackupReason): BackupVerdict {
  return { target, decision: idleDecision(reason), reason };
}

function newestRestorePoint(
  points: readonly KnownRestorePoint[],
  id: string,
  wanted: string,
): KnownRestorePoint | undefined {
  return newest(points.filter(({ dataset, repository }) => dataset === id && repository === wanted));
}
