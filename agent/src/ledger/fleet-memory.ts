import { DAY_MS, type Instant } from "@shipkeeper/kit";
import type { FleetDigests } from "@shipkeeper/policy";
import { DIGESTS_REMEMBERED_DAYS, type DigestsInUse } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";

export type FleetMemory = ReturnType<typeof fleetMemory>;

/** A list is compared with the longest of so many days, so that it cannot be made shorter little by little. */
const COMPARED_DAYS = 30;

interface ListRow {
  at: Instant;
  etag: string;
  count: number;
}

/**
 * What the collector ever told of the digests that hosts hold. It only ever adds: what was told once protects for its
 * time, also where a later list no longer has it.
 */
export function fleetMemory(db: Database) {
  const selectList = db.prepare<[], ListRow>(/*sql*/ `SELECT at, etag, count FROM fleet_list`);
  const noteList = db.prepare(/*sql*/ `
    INSERT INTO fleet_list (one, at, etag, count) VALUES (1, @at, @etag, @count)
    ON CONFLICT (one) DO UPDATE SET at = @at, etag = @etag, count = @count`);
  const noteSize = db.prepare(/*sql*/ `
    INSERT INTO fleet_list_size (day, most) VALUES (@day, @count)
    ON CONFLICT (day) DO UPDATE SET most = max(most, @count)`);
  const forgetSizes = db.prepare(/*sql*/ `DELETE FROM fleet_list_size WHERE day < ?`);
  const selectMost = db
    .prepare<[], number>(/*sql*/ `SELECT ifnull(max(most), 0) FROM fleet_list_size`)
    .pluck();
  const letGo = db.prepare(/*sql*/ `UPDATE fleet_digest SET held = 0 WHERE held = 1`);
  const noteDigest = db.prepare(/*sql*/ `
    INSERT INTO fleet_digest (digest, used_at, held) VALUES (@digest, @usedAt, @held)
    ON CONFLICT (digest) DO UPDATE SET used_at = max(used_at, @usedAt), held = @held`);
  const confirmHeld = db.prepare(/*sql*/ `UPDATE fleet_digest SET used_at = max(used_at, ?) WHERE held = 1`);
  const forget = db.prepare(/*sql*/ `DELETE FROM fleet_digest WHERE held = 0 AND used_at < ?`);
  const selectUsed = db.prepare<[], { digest: string; usedAt: Instant }>(
    /*sql*/ `SELECT digest, used_at AS usedAt FROM fleet_digest`,
  );

  const noted = (list: ListRow) => {
    const day = Math.floor(list.at / DAY_MS);
    noteList.run(list);
    noteSize.run({ day, count: list.count });
    forgetSizes.run(day - COMPARED_DAYS);
  };

  return {
    /** The collector's mark of the list that is held, to ask for another one only. */
    etag: (): string | undefined => selectList.get()?.etag,

    take: db.transaction(
      ({ held, left }: DigestsInUse, { etag, at }: { etag: string; at: Instant }): void => {
        letGo.run();
        for (const [digest, leftAt] of left)
          noteDigest.run({ digest, usedAt: Math.min(leftAt, at), held: 0 });
        for (const digest of held) noteDigest.run({ digest, usedAt: at, held: 1 });
        forget.run(at - DIGESTS_REMEMBERED_DAYS * DAY_MS);
        noted({ at, etag, count: new Set([...held, ...left.map(([digest]) => digest)]).size });
      },
    ),

    /** The collector says that nothing has changed since. */
    confirm: db.transaction((at: Instant): void => {
      const list = selectList.get();
      if (list === undefined) return;
      confirmHeld.run(at);
      noted({ ...list, at });
    }),

    /** Undefined where the collector never told. */
    digests(): FleetDigests | undefined {
      const list = selectList.get();
      if (list === undefined) return undefined;
      const usedAt = new Map(selectUsed.all().map((row) => [row.digest, row.usedAt]));
      return { at: list.at, count: list.count, mostCount: selectMost.get() ?? 0, usedAt };
    },
  };
}
