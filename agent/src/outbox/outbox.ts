/**
 * The agent's queue on disk, between what happened and the collector's word that it is stored. Owns sequence numbers,
 * bounds and the account of every entry: stored, waiting, or lost with a reason (S3). Knows no network.
 */
import { randomUUID } from "node:crypto";
import { statfsSync } from "node:fs";
import { HOUR_MS, OperationalError, type Clock } from "@shipkeeper/kit";
import { epochSchema, type Epoch } from "@shipkeeper/model";
import {
  MOST_BATCH_BYTES,
  MOST_BATCH_ENTRIES,
  MOST_ENTRY_BYTES,
  decodeEntry,
  laneOf,
  type EntryOf,
  type KnownEntry,
  type Receipt,
} from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";
import { readAccounts, readUsage, type Accounts, type Usage } from "./accounts.ts";
import { deadLetters, type DeadLetter } from "./dead-letters.ts";
import { losses } from "./losses.ts";
import { openOrQuarantine } from "./open-or-quarantine.ts";
import { waitingEntries, type EntryRow } from "./waiting-entries.ts";

/** A batch as it waits: `status` and the packing are the shipper's. */
export interface WaitingBatch {
  readonly epoch: Epoch;
  readonly after: number;
  readonly entries: readonly { readonly seq: number; readonly body: unknown }[];
  readonly blobs: readonly Uint8Array[];
}

/** What became of a receipt: entries settled by it, or why it was not taken. */
export type Acknowledged =
  | { readonly settled: number }
  | { readonly refused: "other-epoch" }
  /** The file is older than what was shipped from it: what waits is told anew, in another epoch. */
  | { readonly renewed: Epoch };

export interface Outbox {
  readonly epoch: Epoch;
  /** On disk when it returns the entry's number. Throws `OutboxNotWritable`: then no action may start (S7). */
  append(entry: KnownEntry, blob?: Uint8Array): number;
  /** The oldest entries, as many as may travel together; none is an empty batch. Asking again gives them again. */
  nextBatch(mostEntries?: number): WaitingBatch;
  /** Settles what of the batch the collector stored or refused. Anything may be acknowledged twice. */
  acknowledge(sent: Pick<WaitingBatch, "entries">, receipt: Receipt): Acknowledged;
  /** Gives up one waiting entry that no collector takes: kept as a dead letter, and declared. */
  bury(seq: number, why: { code: string; message: string }): void;
  accounts(): Accounts;
  usage(): Usage;
  deadLetters(): DeadLetter[];
  /** Calls back after each append. One listener: the shipper. */
  onAppend(listener: () => void): void;
  close(): void;
}

export class OutboxNotWritable extends OperationalError {
  override readonly name = "OutboxNotWritable";
  readonly code = "outbox_not_writable";
  readonly retryable = true;
}

export interface OutboxOptions {
  readonly clock: Clock;
  /** Of everything that waits. The last quarter, or 32 MiB of it, is for results alone. */
  readonly mostBytes: number;
}

const MOST_RESERVE_BYTES = 32 * 2 ** 20;
const MOST_OUTBOX_BYTES = 512 * 2 ** 20;
const LEAST_OUTBOX_BYTES = 16 * 2 ** 20;

/** What an outbox in this folder may hold: a twentieth of its disk, and 512 MiB at most. Days of an outage. */
export function outboxBoundFor(folder: string): number {
  const { bsize, blocks } = statfsSync(folder);
  return Math.min(MOST_OUTBOX_BYTES, Math.max(LEAST_OUTBOX_BYTES, Math.floor((bsize * blocks) / 20)));
}

/** What a row costs beside its content, roughly: a flood of tiny entries must meet the bound as well. */
const ROW_BYTES = 100;

/** A collector that refuses the declaration of a loss would refuse the next one as well, and that one's, and so on. */
const DECLARE_AGAIN_MS = HOUR_MS;

/** After an outage the file gives space back in steps of this many pages, so that no acknowledgement takes long. */
const PAGES_PER_SHRINK = 500;

export function openOutbox(file: string, { clock, mostBytes }: OutboxOptions): Outbox {
  const { database: db, damage } = openOrQuarantine(file, clock());
  const sql = waitingEntries(db);
  const lost = losses(db);
  const dead = deadLetters(db);
  const reserveBytes = Math.min(MOST_RESERVE_BYTES, Math.floor(mostBytes / 4));
  let listener: () => void = () => {};
  let declareNotBefore = -Infinity;

  sql.begin.run({ epoch: randomUUID() });
  let epoch = epochSchema.parse(sql.state.get()?.epoch);

  const insert = (entry: KnownEntry, blob?: Uint8Array): EntryRow => {
    const body = JSON.stringify(entry);
    const bytes = Buffer.byteLength(body) + (blob?.length ?? 0) + ROW_BYTES;
    const row = {
      lane: laneOf(entry.kind),
      body,
      blob: blob === undefined ? null : Buffer.from(blob),
      bytes,
    };
    const { lastInsertRowid } = sql.insert.run({ ...row, subject: subjectOf(entry) });
    return { ...row, seq: Number(lastInsertRowid) };
  };

  const lose = (row: Pick<EntryRow, "seq" | "lane">, why: EntryOf<"dropped">["why"]) => {
    sql.remove.run(row.seq);
    lost.count(row.lane, why);
  };

  const bury = (row: EntryRow, why: { code: string; message: string }) => {
    dead.keep({ ...row, ...why, at: clock() });
    lose(row, "dead-letter");
    const declaration = declarationIn(row.body);
    if (declaration === undefined) return;
    lost.takeBack(declaration);
    declareNotBefore = clock() + DECLARE_AGAIN_MS;
  };

  /** Samples go first, oldest first. What was offered stays: the collector may have stored it, and counts it then. */
  const makeRoom = (row: EntryRow) => {
    const limitBytes = row.lane === "results" ? mostBytes : mostBytes - reserveBytes;
    for (;;) {
      const state = sql.state.get();
      if (state === undefined || state.waiting_bytes <= limitBytes) return;
      const oldest = sql.oldestSample.get(state.offered_through);
      if (oldest !== undefined) lose({ ...oldest, lane: "samples" }, "outbox-full");
      else if (row.lane === "results") throw new Error(`${state.waiting_bytes} bytes wait already`);
      else return lose(row, "outbox-full");
    }
  };

  const appendInOneCommit = db.transaction((entry: KnownEntry, blob?: Uint8Array): number => {
    const row = insert(entry, blob);
    if (row.bytes > MOST_ENTRY_BYTES) {
      bury(row, { code: "too_large", message: `${row.bytes} bytes, ${MOST_ENTRY_BYTES} may travel` });
      return row.seq;
    }
    for (const older of sql.olderOfSubject.all({ seq: row.seq, subject: subjectOf(entry) })) {
      lose({ ...older, lane: row.lane }, "superseded");
    }
    makeRoom(row);
    return row.seq;
  });

  const takeBatchInOneCommit = db.transaction((mostEntries: number): EntryRow[] => {
    const now = clock();
    for (const declaration of now < declareNotBefore ? [] : lost.toDeclare(now)) {
      insert(declaration);
      lost.noteDeclared(declaration);
    }
    const rows: EntryRow[] = [];
    let bytes = 0;
    for (const row of sql.oldest.iterate(mostEntries)) {
      bytes += row.bytes;
      if (rows.length > 0 && bytes > MOST_BATCH_BYTES) break;
      rows.push(row);
    }
    // Before anything of it leaves: what the collector may have seen is neither superseded nor dropped any more.
    sql.offer.run({ seq: rows.at(-1)?.seq ?? 0 });
    return rows;
  });

  const settleInOneCommit = db.transaction((through: number, rejected: Receipt["rejected"]): number => {
    let settled = 0;
    for (const { seq, code, message } of rejected) {
      const row = seq <= through ? sql.one.get(seq) : undefined;
      if (row === undefined) continue;
      bury(row, { code, message });
      settled += 1;
    }
    const stored = sql.removeThrough.run(through).changes;
    sql.ack.run({ through, stored });
    return settled + stored;
  });

  /**
   * The collector knows numbers that this file never offered: it was restored, as with a snapshot of the machine, and
   * the numbers it gives out now stand for other entries there, which would pass for stored. All that waits is kept:
   * what the collector has of it already comes twice, which for results changes nothing.
   */
  const renewInOneCommit = db.transaction((settledThrough: number): Epoch => {
    const at = clock();
    const offered = sql.state.get()?.offered_through ?? 0;
    for (const declaration of lost.toDeclare(at)) insert(declaration);
    lost.forget();
    const renewed = epochSchema.parse(randomUUID());
    sql.renew.run({ epoch: renewed });
    insert(restored({ offered, settledThrough }, at));
    return renewed;
  });

  const outbox: Outbox = {
    get epoch() {
      return epoch;
    },
    append(entry, blob) {
      let seq: number;
      try {
        seq = appendInOneCommit.immediate(entry, blob);
      } catch (error) {
        throw new OutboxNotWritable(`cannot queue the ${entry.kind} entry in ${file}`, { cause: error });
      }
      listener();
      return seq;
    },
    nextBatch(mostEntries = MOST_BATCH_ENTRIES) {
      const rows = takeBatchInOneCommit.immediate(mostEntries);
      const blobs: Uint8Array[] = [];
      const entries = rows.map(({ seq, body, blob }) => ({ seq, body: placeBlob(body, blob, blobs) }));
      return { epoch, after: sql.state.get()?.acked_through ?? 0, entries, blobs };
    },
    acknowledge({ entries }, { epoch: ofEpoch, ackedThrough, rejected }) {
      if (ofEpoch !== epoch) return { refused: "other-epoch" };
      if (ackedThrough > (sql.state.get()?.offered_through ?? 0)) {
        epoch = renewInOneCommit.immediate(ackedThrough);
        return { renewed: epoch };
      }
      // After lost replies it may reach further than this batch: but what was refused there it does not name.
      const through = Math.min(ackedThrough, entries.at(-1)?.seq ?? 0);
      const settled = settleInOneCommit.immediate(through, rejected);
      if (settled > 0) shrink(db);
      return { settled };
    },
    bury(seq, why) {
      const row = sql.one.get(seq);
      if (row !== undefined) db.transaction(bury).immediate(row, why);
    },
    accounts: () => readAccounts(db),
    usage: () => readUsage(db),
    deadLetters: () => dead.all(),
    onAppend: (called) => void (listener = called),
    close: () => void db.close(),
  };

  if (damage !== undefined) outbox.append(rebuilt(damage, clock()));
  return outbox;
}

function rebuilt(damage: string, at: number): EntryOf<"trouble"> {
  const message = `the outbox was damaged and set aside, what waited in it is lost here: ${damage}`;
  return { kind: "trouble", at, code: "outbox_rebuilt", message };
}

function restored(of: { offered: number; settledThrough: number }, at: number): EntryOf<"trouble"> {
  const message =
    `the outbox was restored from an older copy: the collector has entries up to ${of.settledThrough} of it, it knows ` +
    `of ${of.offered}; what waits in it is told again`;
  return { kind: "trouble", at, code: "outbox_restored", message };
}

/** What a state entry tells the state of; null for entries that each count. */
function subjectOf(entry: KnownEntry): string | null {
  if (entry.kind === "inventory" || entry.kind === "standing" || entry.kind === "log-watch")
    return entry.kind;
  if (entry.kind === "restore-points") return `restore-points ${entry.repository}`;
  return null;
}

function declarationIn(body: string): EntryOf<"dropped"> | undefined {
  const decoded = decodeEntry(JSON.parse(body));
  return "entry" in decoded && decoded.entry.kind === "dropped" ? decoded.entry : undefined;
}

/** The body with the place that its blob takes among the batch's. */
function placeBlob(body: string, blob: Buffer | null, blobs: Uint8Array[]): unknown {
  const parsed: unknown = JSON.parse(body);
  if (blob === null || typeof parsed !== "object") return parsed;
  blobs.push(blob);
  return { ...parsed, blob: blobs.length - 1 };
}

function shrink(db: Database): void {
  const free = Number(db.pragma("freelist_count", { simple: true }));
  if (free > PAGES_PER_SHRINK) db.pragma(`incremental_vacuum(${PAGES_PER_SHRINK})`);
}
