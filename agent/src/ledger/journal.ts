/**
 * Write-ahead journal of runs. Every intent is on disk before its effect: SQLite commits with `synchronous = FULL`.
 * What a crash left open is found here by the next start, which settles it by looking.
 */
import type { Instant } from "@shipkeeper/kit";
import type { RunId } from "@shipkeeper/model";
import {
  stepOutcomeSchema,
  verdictSchema,
  type RuleDay,
  type StepCounts,
  type StepOutcome,
  type Verdict,
  rungSchema,
} from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";

export type Journal = ReturnType<typeof journal>;
export type RunFinished = EntryOf<"run-finished">;

export interface OpenStep {
  readonly position: number;
  readonly verdict: Verdict;
  readonly startedAt: Instant;
  /** Absent where the run was cut off between the intent and its outcome. */
  readonly outcome?: StepOutcome;
}

export interface OpenRun {
  readonly runId: RunId;
  readonly kind: string;
  readonly startedAt: Instant;
  readonly steps: readonly OpenStep[];
}

interface StepRow {
  position: number;
  verdict: string;
  started_at: Instant;
  outcome: string | null;
}

export function journal(db: Database) {
  const beginRun = db.prepare(/*sql*/ `
    INSERT INTO run (id, kind, rule_key, started_at) VALUES (@runId, @kind, @ruleKey, @at)`);
  const beginStep = db.prepare(/*sql*/ `
    INSERT INTO step (run_id, position, verdict, target_type, decision, started_at)
    VALUES (@runId, @position, @verdict, @targetType, @decision, @at)`);
  const endStep = db.prepare(/*sql*/ `
    UPDATE step SET status = @status, outcome = @outcome WHERE run_id = @runId AND position = @position`);
  const endRun = db.prepare(/*sql*/ `UPDATE run SET finished = @finished WHERE id = @runId`);
  const dropRun = db.prepare(/*sql*/ `DELETE FROM run WHERE id = ?`);
  const markReported = db.prepare(/*sql*/ `UPDATE run SET reported = 1 WHERE id = ?`);
  const selectOpen = db.prepare<[], { id: RunId; kind: string; started_at: Instant }>(/*sql*/ `
    SELECT id, kind, started_at FROM run WHERE finished IS NULL ORDER BY started_at`);
  const selectSteps = db.prepare<[RunId], StepRow>(/*sql*/ `
    SELECT position, verdict, started_at, outcome FROM step WHERE run_id = ? ORDER BY position`);
  const selectUnreported = db.prepare<[], { finished: string }>(/*sql*/ `
    SELECT finished FROM run WHERE finished IS NOT NULL AND reported = 0 ORDER BY started_at`);
  const selectStepAt = db.prepare<{ id: string; at: Instant }, { one: 1 }>(/*sql*/ `
    SELECT 1 AS one FROM step WHERE started_at <= @at AND json_extract(verdict, '$.target.id') = @id
      AND (outcome IS NULL OR json_extract(outcome, '$.finishedAt') >= @at) LIMIT 1`);
  const selectKind = db.prepare<[string], string>(/*sql*/ `SELECT kind FROM run WHERE id = ?`).pluck();
  const forget = db.prepare(/*sql*/ `DELETE FROM run WHERE started_at < ? AND reported = 1`);
  // A step that was cut off may have happened, a restart that did not help was one, and a stop that failed may only
  // have taken too long: all count against the limits.
  const counts = /*sql*/ `step.started_at > ? AND (status IS NULL OR status IN ('done', 'unknown')
    OR (decision IN ('restart', 'kill', 'recreate', 'stop') AND status = 'failed'))`;
  const count = db.prepare<[Instant], { target_type: string; decision: string; steps: number }>(/*sql*/ `
    SELECT target_type, decision, count(*) AS steps FROM step WHERE ${counts} GROUP BY target_type, decision`);
  const countByRule = db.prepare<[Instant], RuleDay & { ruleKey: string }>(/*sql*/ `
    SELECT rule_key AS ruleKey, count(*) AS items, sum(coalesce(json_extract(verdict, '$.bytes'), 0)) AS bytes
    FROM step JOIN run ON run.id = run_id WHERE ${counts} AND decision <> 'announce' GROUP BY rule_key`);

  return {
    beginRun(run: RunIntent): void {
      beginRun.run(run);
    },

    /** The run never began: its start could not be told. */
    dropRun(runId: RunId): void {
      dropRun.run(runId);
    },

    beginStep({ runId, position, verdict, at }: StepIntent): void {
      const { target, decision } = verdict;
      beginStep.run({
        runId,
        position,
        verdict: JSON.stringify(verdict),
        targetType: target.type,
        decision,
        at,
      });
    },

    endStep({ runId, position }: Pick<StepIntent, "runId" | "position">, outcome: StepOutcome): void {
      endStep.run({ runId, position, status: outcome.status, outcome: JSON.stringify(outcome) });
    },

    /** The run is over; the entry that tells so is kept until it is known to be on its way. */
    endRun(finished: RunFinished): void {
      endRun.run({ runId: finished.runId, finished: JSON.stringify(finished) });
    },

    /** Runs that are over and not yet reported. Reporting one twice does no harm: the entry stays the same. */
    unreported(): RunFinished[] {
      return selectUnreported.all().map(({ finished }) => JSON.parse(finished) as RunFinished);
    },

    markReported(runId: RunId): void {
      markReported.run(runId);
    },

    /** Whether this agent has had a run of that id and kind, as far back as it remembers. */
    isRunOf: (runId: RunId, kind: string): boolean => selectKind.get(runId) === kind,

    /** Whether a step of the agent was under way on this container then. */
    wasAtWorkOn(id: string, at: Instant): boolean {
      return selectStepAt.get({ id, at }) !== undefined;
    },

    openRuns(): OpenRun[] {
      return selectOpen.all().map(({ id, kind, started_at }) => ({
        runId: id,
        kind,
        startedAt: started_at,
        steps: selectSteps.all(id).map(readStep),
      }));
    },

    /** What was done since, or may have been. */
    countSince(at: Instant): StepCounts {
      const rows = count.all(at);
      const sum = (matches: (row: (typeof rows)[number]) => boolean) =>
        rows.filter(matches).reduce((total, { steps }) => total + steps, 0);
      const removed = (type: string) => sum((row) => row.target_type === type && row.decision === "remove");
      return {
        images: removed("image"),
        containers: sum((row) => row.target_type === "container" && TOUCHES.has(row.decision)),
        volumes: removed("volume"),
        networks: removed("network"),
        restarts: sum((row) => rungSchema.safeParse(row.decision).success),
      };
    },

    /** The same by rule; to announce costs nothing. */
    ruleDaysSince(at: Instant): ReadonlyMap<string, RuleDay> {
      return new Map(countByRule.all(at).map(({ ruleKey, items, bytes }) => [ruleKey, { items, bytes }]));
    },

    forgetBefore(at: Instant): void {
      forget.run(at);
    },
  };
}

/** The steps after which a container is gone, or stays stopped. */
const TOUCHES: ReadonlySet<string> = new Set(["remove", "stop"]);

export interface RunIntent {
  readonly runId: RunId;
  readonly kind: string;
  readonly ruleKey: string;
  readonly at: Instant;
}

export interface StepIntent {
  readonly runId: RunId;
  readonly position: number;
  readonly verdict: Verdict;
  readonly at: Instant;
}

function readStep({ position, verdict, started_at, outcome }: StepRow): OpenStep {
  return {
    position,
    verdict: verdictSchema.parse(JSON.parse(verdict)),
    startedAt: started_at,
    ...(outcome !== null && { outcome: stepOutcomeSchema.parse(JSON.parse(outcome)) }),
  };
}
