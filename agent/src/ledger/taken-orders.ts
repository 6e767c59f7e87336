import type { Instant } from "@shipkeeper/kit";
import type { Database } from "@shipkeeper/runtime";

export type TakenOrders = ReturnType<typeof takenOrders>;

/** Which orders this host has taken: each once, whatever becomes of it. */
export function takenOrders(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO taken_order (id, taken_at) VALUES (@id, @at) ON CONFLICT (id) DO NOTHING`);
  const end = db.prepare(/*sql*/ `UPDATE taken_order SET ended = 1 WHERE id = ?`);
  const open = db.prepare<[], string>(/*sql*/ `SELECT id FROM taken_order WHERE ended = 0`).pluck();
  const forget = db.prepare(/*sql*/ `DELETE FROM taken_order WHERE taken_at < ? AND ended = 1`);

  return {
    /** Before anything is done for it. False where it was taken before. */
    take(id: string, at: Instant): boolean {
      return insert.run({ id, at }).changes === 1;
    },
    /** Its end is on its way to the collector. */
    end(id: string): void {
      end.run(id);
    },
    /** Taken, and their end was not told. */
    open: (): string[] => open.all(),
    /** What cannot come again: orders live no longer than that. */
    forgetBefore(at: Instant): void {
      forget.run(at);
    },
  };
}
