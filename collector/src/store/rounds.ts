import type { HostId } from "@shipkeeper/model";
import type { PlannedRule, Round } from "@shipkeeper/policy";
import type { ApiRound, ApiRoundDetail, Page, RoundsQuery } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { explained } from "./explained.ts";
import { hostIs, readPage } from "./page.ts";

export function rounds({ db, read }: StoreDatabase) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO round (host_id, id, at, body) VALUES (@hostId, @id, @at, @body) ON CONFLICT DO NOTHING`);

  const select = () =>
    read
      .selectFrom("round")
      .innerJoin("host", "host.id", "round.host_id")
      .select(["round.host_id", "host.hostname", "round.body"]);

  return {
    /** Agents resend until acknowledged: a round that is stored already stays as it is. */
    record(hostId: HostId, round: Round): void {
      insert.run({ hostId, id: round.id, at: round.at, body: JSON.stringify(round) });
    },

    list(request: RoundsQuery): Promise<Page<ApiRound>> {
      const { host, from, to } = request;
      const query = select()
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(from !== undefined, (q) => q.where("round.at", ">=", from ?? 0))
        .$if(to !== undefined, (q) => q.where("round.at", "<=", to ?? 0));
      const order = { by: { at: sql`round.at` }, key: sql`round.id || round.host_id` };
      return readPage(query, request, order, (row) => {
        const { planned, ...round } = fromJson(row.body);
        return { ...round, hostId: row.host_id, host: row.hostname, planned: planned.map(tally) };
      });
    },

    async find(roundId: string): Promise<ApiRoundDetail | undefined> {
      const row = await select().where("round.id", "=", roundId).executeTakeFirst();
      if (row === undefined) return undefined;
      const round = fromJson(row.body);
      const planned = round.planned.map((rule) => ({
        ...rule,
        verdicts: explained(rule.kind, rule.verdicts),
      }));
      return { ...round, hostId: row.host_id, host: row.hostname, planned };
    },
  };
}

function tally({ verdicts, ...rule }: PlannedRule): ApiRound["planned"][number] {
  const groups = Object.groupBy(verdicts, (verdict) => verdict.decision);
  const counts = Object.entries(groups).map(([decision, members]) => [decision, members?.length ?? 0]);
  return { ...rule, decisions: Object.fromEntries(counts) as Record<string, number> };
}
