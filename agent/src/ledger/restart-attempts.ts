import type { Instant } from "@shipkeeper/kit";
import type { ImageId, RunId } from "@shipkeeper/model";
import type { RestartAttempt, Rung, Sign } from "@shipkeeper/policy";
import type { Database } from "@shipkeeper/runtime";

export type RestartAttempts = ReturnType<typeof restartAttempts>;

/** One try: which container in which run. */
export interface AttemptOf {
  readonly containerId: string;
  readonly runId: RunId;
}

/** What is known of a try before it is made. */
export interface AttemptBegun extends AttemptOf {
  readonly identity: string;
  readonly at: Instant;
  readonly rung: Rung;
  readonly sign?: Sign | undefined;
  readonly imageId: ImageId;
}

interface Row {
  readonly identity: string;
  readonly at: Instant;
  readonly result: RestartAttempt["result"];
  readonly rung: Rung;
  readonly sign: Sign | null;
  readonly imageId: ImageId | null;
  readonly why: RestartAttempt["why"] | null;
}

/** Tries to mend, counted by identity so that recreating a container does not refill its budget. */
export function restartAttempts(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO restart_attempt (identity, container_id, run_id, at, result, rung, sign, image_id)
    VALUES (@identity, @containerId, @runId, @at, 'pending', @rung, @sign, @imageId)`);
  const settle = db.prepare(/*sql*/ `
    UPDATE restart_attempt SET result = @result, why = @why
    WHERE container_id = @containerId AND run_id = @runId AND result = 'pending'`);
  const withdraw = db.prepare(/*sql*/ `
    DELETE FROM restart_attempt WHERE container_id = @containerId AND run_id = @runId AND result = 'pending'`);
  const select = db.prepare<[], Row>(/*sql*/ `
    SELECT identity, at, result, rung, sign, image_id AS imageId, why FROM restart_attempt ORDER BY at, id`);
  const forget = db.prepare(/*sql*/ `DELETE FROM restart_attempt WHERE at < ?`);

  return {
    /** Before the restart, so that a crash in the middle of it counts as a try. */
    begin({ sign, ...begun }: AttemptBegun): void {
      insert.run({ ...begun, sign: sign ?? null });
    },
    /** `why` names what keeps the container from ever being healed this way. */
    settle(
      { containerId, runId }: AttemptOf,
      result: "healed" | "failed",
      why?: RestartAttempt["why"],
    ): void {
      settle.run({ containerId, runId, result, why: why ?? null });
    },
    /** The container was gone before the engine could be asked: no try was made. */
    withdraw({ containerId, runId }: AttemptOf): void {
      withdraw.run({ containerId, runId });
    },
    all(): ReadonlyMap<string, readonly RestartAttempt[]> {
      const rows = Map.groupBy(select.all(), ({ identity }) => identity);
      return new Map([...rows].map(([identity, tries]) => [identity, tries.map(attemptFrom)]));
    },
    forgetBefore(at: Instant): void {
      forget.run(at);
    },
  };
}

function attemptFrom({ at, result, rung, sign, imageId, why }: Row): RestartAttempt {
  return {
    at,
    result,
    rung,
    ...(sign !== null && { sign }),
    ...(imageId !== null && { imageId }),
    ...(why !== null && { why }),
  };
}
