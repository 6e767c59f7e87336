import type { HostId } from "@shipkeeper/model";
import type { Measures, Mode, Outcome } from "@shipkeeper/policy";
import type { ApiRun, ApiRunDetail, EntryOf, Page, RunResult, RunsQuery } from "@shipkeeper/protocol";
import { sql, type Selectable } from "kysely";
import { fromJson, fromJsonOr, type StoreDatabase } from "./database.ts";
import { explained } from "./explained.ts";
import { hostIs, readPage } from "./page.ts";
import type { Tables } from "./tables.ts";

export function runs({ db, read }: StoreDatabase) {
  // Start and finish may arrive in either order, and again: each fills only its own columns, and only once.
  const start = db.prepare(/*sql*/ `
    INSERT INTO run (host_id, id, at, action, round_id, policy, rule, revision, mode, started_at, planned_steps)
    VALUES (@hostId, @runId, @at, @action, @roundId, @policy, @rule, @revision, @mode, @at, @steps)
    ON CONFLICT (host_id, id) DO UPDATE SET
      at = excluded.at, action = excluded.action, round_id = excluded.round_id, policy = excluded.policy,
      rule = excluded.rule, revision = excluded.revision, mode = excluded.mode, started_at = excluded.started_at,
      planned_steps = excluded.planned_steps
    WHERE started_at IS NULL`);
  const finish = db.prepare(/*sql*/ `
    INSERT INTO run (host_id, id, at, action, finished_at, ended, done, skipped, failed, unknown, freed_bytes, measures, outcome,
      removed_images)
    VALUES (@hostId, @runId, @at, @action, @at, @ended, @done, @skipped, @failed, @unknown, @freedBytes, @measures, @outcome,
      @removedImages)
    ON CONFLICT (host_id, id) DO UPDATE SET
      finished_at = excluded.finished_at, ended = excluded.ended, done = excluded.done, skipped = excluded.skipped,
      failed = excluded.failed, unknown = excluded.unknown, freed_bytes = excluded.freed_bytes,
      measures = excluded.measures, outcome = excluded.outcome,
      removed_images = excluded.removed_images
    WHERE finished_at IS NULL`);

  const select = () =>
    read
      .selectFrom("run")
      .innerJoin("host", "host.id", "run.host_id")
      .selectAll("run")
      .select(["host.hostname", result.as("result")]);

  return {
    recordStart(hostId: HostId, started: EntryOf<"run-started">): void {
      start.run({ hostId, ...started });
    },

    /** False when its end was stored already. */
    recordFinish(hostId: HostId, finished: EntryOf<"run-finished">, measures: Measures): boolean {
      const { runId, at, action, ended, outcome } = finished;
      const count = (status: Outcome["steps"][number]["status"]) =>
        outcome.steps.filter((step) => step.status === status).length;
      const { changes } = finish.run({
        hostId,
        runId,
        at,
        action,
        ended,
        done: count("done"),
        skipped: count("skipped"),
        failed: count("failed"),
        unknown: count("unknown"),
        freedBytes: outcome.freedBytes ?? null,
        measures: JSON.stringify(measures),
        outcome: JSON.stringify(outcome),
        removedImages: outcome.steps.filter(removedImage).length,
      });
      return changes === 1;
    },

    list(request: RunsQuery): Promise<Page<ApiRun>> {
      const { host, action, policy, rule, from, to } = request;
      const query = select()
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(action !== undefined, (q) => q.where("run.action", "=", action ?? ""))
        .$if(policy !== undefined, (q) => q.where("run.policy", "=", policy ?? ""))
        .$if(rule !== undefined, (q) => q.where("run.rule", "=", rule ?? ""))
        .$if(request.result !== undefined, (q) => q.where(result, "=", request.result ?? "ok"))
        .$if(from !== undefined, (q) => q.where("run.at", ">=", from ?? 0))
        .$if(to !== undefined, (q) => q.where("run.at", "<=", to ?? 0));
      return readPage(query, request, { by: { at: sql`run.at` }, key: sql`run.id || run.host_id` }, toRun);
    },

    async find(runId: string): Promise<ApiRunDetail | undefined> {
      const row = await select().where("run.id", "=", runId).executeTakeFirst();
      if (row === undefined) return undefined;
      const round = await read
        .selectFrom("round")
        .select("body")
        .where("host_id", "=", row.host_id)
        .where("id", "=", row.round_id ?? "")
        .executeTakeFirst();
      const planned = round === undefined ? [] : fromJson(round.body).planned;
      const own = planned.find(({ policy, rule }) => policy === row.policy && rule === row.rule);
      return {
        ...toRun(row),
        verdicts: explained(row.action, own?.verdicts ?? []),
        outcome: fromJsonOr(row.outcome, undefined),
      };
    },
  };
}

function removedImage({ target, decision, status }: Outcome["steps"][number]): boolean {
  return target.type === "image" && decision === "remove" && status === "done";
}

const result = sql<RunResult>`CASE
  WHEN run.finished_at IS NULL THEN 'running'
  WHEN run.failed + run.unknown > 0 THEN 'failed'
  ELSE 'ok' END`;

function toRun(row: Selectable<Tables["run"]> & { hostname: string; result: RunResult }): ApiRun {
  return {
    id: row.id,
    hostId: row.host_id,
    host: row.hostname,
    roundId: row.round_id ?? undefined,
    action: row.action,
    policy: row.policy ?? undefined,
    rule: row.rule ?? undefined,
    revision: row.revision ?? undefined,
    mode: (row.mode as Mode | null) ?? undefined,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    result: row.result,
    ended: (row.ended as ApiRun["ended"] | null) ?? undefined,
    steps: {
      planned: row.planned_steps,
      done: row.done,
      skipped: row.skipped,
      failed: row.failed,
      unknown: row.unknown,
    },
    freedBytes: row.freed_bytes ?? undefined,
    measures: fromJson(row.measures),
  };
}
