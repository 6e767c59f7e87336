import type { Instant } from "@shipkeeper/kit";
import type { RunId } from "@shipkeeper/model";
import type { RestartAttempt } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";

export type RestartAttempts = ReturnType<typeof restartAttempts>;

/** One try: which container in which run. */
export interface AttemptOf {
  readonly containerId: string;
  readonly runId: RunId;
}

/** Tries to mend, counted by identity so that recreating a container does not refill its budget. */
export function restartAttempts(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO restart_attempt (identity, container_id, run_id, at, result)
    VALUES (@identity, @containerId, @runId, @at, 'pending')`);
  const settle = db.prepare(/*sql*/ `
    UPDATE restart_attempt SET result = @result
    WHERE container_id = @containerId AND run_id = @runId AND result = 'pending'`);
  const withdraw = db.prepare(/*sql*/ `
    DELETE FROM restart_attempt WHERE container_id = @containerId AND run_id = @runId AND result = 'pending'`);
  const select = db.prepare<[], RestartAttempt & { identity: string }>(/*sql*/ `
    SELECT identity, at, result FROM restart_attempt ORDER BY at, id`);
  const forget = db.prepare(/*sql*/ `DELETE FROM restart_attempt WHERE at < ?`);

  return {
    /** Before the restart, so that a crash in the middle of it counts as a try. */
    begin({ identity, containerId, runId, at }: AttemptOf & { identity: string; at: Instant }): void {
      insert.run({ identity, containerId, runId, at });
    },
    settle({ containerId, runId }: AttemptOf, result: "healed" | "failed"): void {
      settle.run({ containerId, runId, result });
    },
    /** The container was gone before the engine could be asked: no try was made. */
    withdraw({ containerId, runId }: AttemptOf): void {
      withdraw.run({ containerId, runId });
    },
    all(): ReadonlyMap<string, readonly RestartAttempt[]> {
      return Map.groupBy(select.all(), ({ identity }) => identity);
    },
    forgetBefore(at: Instant): void {
      forget.run(at);
    },
  };
}
