import { days, type Instant } from "@shipkeeper/kit";
import type { Database } from "@shipkeeper/runtime";

const KEPT_MS = days(30);
const MOST_BYTES = 32 * 2 ** 20;

export interface DeadLetter {
  readonly seq: number;
  readonly at: Instant;
  readonly code: string;
  readonly message: string;
  readonly body: string;
}

/** Entries that no collector takes, kept a while so that somebody can find out why. */
export function deadLetters(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO dead_letter (seq, at, code, message, body, blob, bytes)
    VALUES (@seq, @at, @code, @message, @body, @blob, @bytes)`);
  const removeOld = db.prepare(/*sql*/ `DELETE FROM dead_letter WHERE at < ?`);
  const removeBeyond = db.prepare(/*sql*/ `
    DELETE FROM dead_letter WHERE seq IN (
      SELECT seq FROM (SELECT seq, sum(bytes) OVER (ORDER BY seq DESC) AS through FROM dead_letter)
      WHERE through > ?)`);
  const all = db.prepare<[], DeadLetter>(/*sql*/ `
    SELECT seq, at, code, message, body FROM dead_letter ORDER BY seq`);

  return {
    keep(letter: DeadLetter & { readonly blob: Buffer | null; readonly bytes: number }): void {
      const { seq, at, code, message, body, blob, bytes } = letter;
      insert.run({ seq, at, code, message, body, blob, bytes });
      removeOld.run(at - KEPT_MS);
      removeBeyond.run(MOST_BYTES);
    },
    all: (): DeadLetter[] => all.all(),
  };
}
