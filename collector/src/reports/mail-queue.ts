/** Mails that wait for a mail server, on disk: a collector that is killed loses none, and queues none twice. */
import type { Instant } from "@shipkeeper/kit";
import type { Database } from "@shipkeeper/runtime";

export interface QueuedMail {
  /** The occurrence and the owner, or the alert and whom it is told: the same is never queued twice. */
  readonly key: string;
  readonly owner: string;
  readonly recipient: string;
  readonly subject: string;
  readonly html: string;
  readonly plain: string;
  readonly queuedAt: Instant;
}

export interface DueMail extends QueuedMail {
  /** Tries that failed so far. */
  readonly failures: number;
}

export function mailQueue(db: Database) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO mail_queue (key, owner, recipient, subject, html, plain, queued_at, due_at)
    VALUES (@key, @owner, @recipient, @subject, @html, @plain, @queuedAt, @queuedAt) ON CONFLICT DO NOTHING`);
  const due = db.prepare<[number, number], DueMail>(/*sql*/ `
    SELECT key, owner, recipient, subject, html, plain, queued_at AS queuedAt, failures
    FROM mail_queue WHERE settled_at IS NULL AND due_at <= ? ORDER BY due_at, key LIMIT ?`);
  const nextDue = db
    .prepare<[], number | null>(/*sql*/ `SELECT min(due_at) FROM mail_queue WHERE settled_at IS NULL`)
    .pluck();
  const settle = db.prepare(/*sql*/ `
    UPDATE mail_queue SET settled_at = @at, outcome = @outcome, html = '', plain = ''
    WHERE key = @key AND settled_at IS NULL`);
  const delay = db.prepare(/*sql*/ `
    UPDATE mail_queue SET due_at = @until, failures = failures + 1, last_error = @error WHERE key = @key`);
  const countSince = db
    .prepare<[string, Instant], number>(
      /*sql*/ `SELECT count(*) FROM mail_queue WHERE key LIKE ? AND queued_at > ?`,
    )
    .pluck();
  const forget = db.prepare<[number]>(/*sql*/ `DELETE FROM mail_queue WHERE settled_at < ?`);
  const planned = db
    .prepare<[string], number>(/*sql*/ `SELECT planned_through FROM report_schedule WHERE report = ?`)
    .pluck();
  const plan = db.prepare<[string, number]>(/*sql*/ `
    INSERT INTO report_schedule (report, planned_through) VALUES (?, ?)
    ON CONFLICT (report) DO UPDATE SET planned_through = max(planned_through, excluded.planned_through)`);

  const addAll = (mails: readonly QueuedMail[]) => mails.filter((mail) => insert.run(mail).changes === 1);

  return {
    /** Those that were not queued before. */
    add: db.transaction(addAll),

    /** One occurrence of a schedule: its mails, and that they need no queueing again, in one step. */
    addOccurrence: db.transaction((report: string, occurrence: Instant, mails: readonly QueuedMail[]) => {
      plan.run(report, occurrence);
      return addAll(mails);
    }),

    plannedThrough: (report: string): Instant | undefined => planned.get(report),
    due: (now: Instant, most: number): DueMail[] => due.all(now, most),
    /** Mails whose key begins with `kind` and a slash. */
    queuedSince: (kind: string, since: Instant): number => countSince.get(`${kind}/%`, since) ?? 0,
    nextDueAt: (): Instant | undefined => nextDue.get() ?? undefined,

    recordSent: (key: string, at: Instant): void => void settle.run({ key, at, outcome: "sent" }),
    recordGivenUp: (key: string, at: Instant): void => void settle.run({ key, at, outcome: "given-up" }),
    recordFailure(key: string, failure: { until: Instant; error: string }): void {
      delay.run({ key, ...failure });
    },

    forgetSettledBefore: (before: Instant): number => forget.run(before).changes,
  };
}
export type MailQueue = ReturnType<typeof mailQueue>;
