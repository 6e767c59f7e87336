import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MOST_BATCH_ENTRIES, MOST_ENTRY_BYTES, type Receipt } from "@shipkeeper/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OutboxNotWritable, openOutbox, type Outbox } from "./outbox.ts";
import { eventOf, inventoryOf, samplesOf } from "./testing/entries.ts";
import { ModelCollector } from "./testing/model-collector.ts";

vi.setConfig({ testTimeout: 30_000 });

let now: number;
let folder: string;
let file: string;
const opened: Outbox[] = [];

beforeEach(() => {
  now = 1_000;
  folder = mkdtempSync(join(tmpdir(), "outbox-"));
  file = join(folder, "outbox.db");
});
afterEach(() => {
  for (const outbox of opened.splice(0)) outbox.close();
  rmSync(folder, { recursive: true });
});

function open(mostBytes = 10e6): Outbox {
  const outbox = openOutbox(file, { clock: () => now, mostBytes });
  opened.push(outbox);
  return outbox;
}

/** As after a crash: nothing is said goodbye to, the file is opened again. */
function reopen(outbox: Outbox, mostBytes?: number): Outbox {
  outbox.close();
  return open(mostBytes);
}

const receipt = (outbox: Outbox, ackedThrough: number, rejected: number[] = []): Receipt => ({
  epoch: outbox.epoch,
  ackedThrough,
  rejected: rejected.map((seq) => ({ seq, code: "poison", message: "never" })),
  serverTime: 0,
  policyRevision: 0,
});

function ship(outbox: Outbox, collector: ModelCollector, mostEntries: number): void {
  const sent = outbox.nextBatch(mostEntries);
  outbox.acknowledge(sent, collector.take(sent));
}

const seqs = (outbox: Outbox) => outbox.nextBatch().entries.map(({ seq }) => seq);
const lossesOf = (outbox: Outbox) =>
  Object.fromEntries(outbox.accounts().losses.map(({ lane, why, count }) => [`${lane} ${why}`, count]));

describe("an entry that was appended", () => {
  test("waits under the next number until it is acknowledged", () => {
    const outbox = open();
    outbox.append(eventOf("a"));
    outbox.append(eventOf("b"));

    const sent = outbox.nextBatch();
    expect(sent).toMatchObject({
      after: 0,
      entries: [
        { seq: 1, body: { what: "a" } },
        { seq: 2, body: { what: "b" } },
      ],
    });
    expect(outbox.acknowledge(sent, receipt(outbox, 1))).toEqual({ settled: 1 });
    expect(outbox.nextBatch()).toMatchObject({ after: 1, entries: [{ seq: 2 }] });
  });

  test("is still there after a restart, in the same epoch, and its number is never given again", () => {
    const before = open();
    before.append(eventOf("a"));
    const sent = before.nextBatch();
    before.acknowledge(sent, receipt(before, 1));
    before.append(eventOf("b"));

    const after = reopen(before);

    expect(after.epoch).toBe(before.epoch);
    expect(seqs(after)).toEqual([2]);
    expect(after.append(eventOf("c"))).toBe(3);
  });

  test("carries its bytes, each at its place in the batch", () => {
    const outbox = open();
    outbox.append(samplesOf(1), Buffer.from("one"));
    outbox.append(eventOf("between"));
    outbox.append(samplesOf(2), Buffer.from("two"));

    const batch = outbox.nextBatch();

    expect(batch.entries.map(({ body }) => (body as { blob?: number }).blob)).toEqual([0, undefined, 1]);
    expect(batch.blobs.map(String)).toEqual(["one", "two"]);
  });

  test("travels with at most 499 others", () => {
    const outbox = open();
    for (let count = 0; count < MOST_BATCH_ENTRIES + 10; count += 1) outbox.append(eventOf("x"));

    expect(outbox.nextBatch().entries).toHaveLength(MOST_BATCH_ENTRIES);
    expect(outbox.nextBatch(3).entries).toHaveLength(3);
  });

  test("becomes a dead letter at once when it is larger than any collector takes", () => {
    const outbox = open(100e6);
    outbox.append(eventOf("x".repeat(MOST_ENTRY_BYTES)));

    expect(outbox.deadLetters()).toMatchObject([{ seq: 1, code: "too_large" }]);
    expect(outbox.nextBatch().entries).toMatchObject([
      { body: { kind: "dropped", why: "dead-letter", count: 1 } },
    ]);
  });
});

describe("a receipt", () => {
  test("of another epoch settles nothing", () => {
    const outbox = open();
    outbox.append(eventOf("a"));
    const sent = outbox.nextBatch();

    const taken = outbox.acknowledge(sent, {
      ...receipt(outbox, 1),
      epoch: "00000000-0000-0000-0000-000000000000" as Receipt["epoch"],
    });

    expect(taken).toEqual({ refused: "other-epoch" });
    expect(outbox.usage().entries).toBe(1);
  });

  test("for entries that were never sent settles nothing, not even those that were", () => {
    const outbox = open();
    outbox.append(eventOf("a"));
    const sent = outbox.nextBatch();
    outbox.append(eventOf("b"));

    expect(outbox.acknowledge(sent, receipt(outbox, 2))).toHaveProperty("renewed");
    expect(outbox.nextBatch().entries).toMatchObject([
      { body: { what: "a" } },
      { body: { what: "b" } },
      { body: { code: "outbox_restored" } },
    ]);
  });

  test("that refuses an entry makes it a dead letter, kept for 30 days and declared", () => {
    const outbox = open();
    outbox.append(eventOf("good"));
    outbox.append(eventOf("bad"));
    const sent = outbox.nextBatch();
    outbox.acknowledge(sent, receipt(outbox, 2, [2]));

    expect(outbox.accounts()).toMatchObject({ enqueued: 2, stored: 1, waiting: 0 });
    expect(outbox.deadLetters()).toMatchObject([{ seq: 2, code: "poison" }]);
    expect(outbox.nextBatch().entries).toMatchObject([
      { seq: 3, body: { kind: "dropped", why: "dead-letter" } },
    ]);
  });

  test("that refuses a declaration is not answered by declarations without end, but by one an hour later", () => {
    const outbox = open();
    outbox.append(eventOf("bad"));
    const sent = outbox.nextBatch();
    outbox.acknowledge(sent, receipt(outbox, 1, [1]));
    const declared = outbox.nextBatch();
    outbox.acknowledge(declared, receipt(outbox, 2, [2]));
    const atOnce = outbox.nextBatch().entries;
    now += 3_600_000;
    const later = outbox.nextBatch().entries;

    expect(atOnce).toEqual([]);
    expect(later).toMatchObject([{ seq: 3, body: { kind: "dropped", why: "dead-letter", count: 2 } }]);
  });

  test("may come twice", () => {
    const outbox = open();
    outbox.append(eventOf("a"));
    const sent = outbox.nextBatch();
    outbox.acknowledge(sent, receipt(outbox, 1));

    expect(outbox.acknowledge(sent, receipt(outbox, 1))).toEqual({ settled: 0 });
    expect(outbox.accounts()).toMatchObject({ enqueued: 1, stored: 1 });
  });
});

test("a receipt that reaches further than its batch settles the batch alone: it does not name what was refused beyond", () => {
  const outbox = open();
  const collector = new ModelCollector((what) => what === "bad");
  outbox.append(eventOf("good"));
  outbox.append(eventOf("bad"));
  collector.take(outbox.nextBatch()); // the reply is lost

  ship(outbox, collector, 1);

  expect(outbox.accounts()).toMatchObject({ stored: 1, waiting: 1 });
  ship(outbox, collector, 1);
  expect(outbox.deadLetters()).toMatchObject([{ seq: 2 }]);
});

describe("of the state only the latest counts", () => {
  test("a newer inventory takes the place of one that waits, and the collector is told once of all of them", () => {
    const outbox = open();
    for (const name of ["a", "b", "c"]) outbox.append(inventoryOf(name));

    expect(outbox.nextBatch().entries).toMatchObject([
      { seq: 3, body: { inventory: { host: { hostname: "c" } } } },
      { seq: 4, body: { kind: "dropped", lane: "state", count: 2, why: "superseded" } },
    ]);
  });

  test("but one that was offered stays: the collector may have stored it and would count it twice", () => {
    const outbox = open();
    outbox.append(inventoryOf("a"));
    outbox.nextBatch();
    outbox.append(inventoryOf("b"));

    expect(seqs(outbox)).toEqual([1, 2]);
    expect(outbox.accounts().losses).toEqual([]);
  });

  test("restore points of different repositories do not replace each other", () => {
    const outbox = open();
    for (const repository of ["local", "offsite", "local"]) {
      outbox.append({ kind: "restore-points", repository, at: 0, points: [] });
    }

    expect(seqs(outbox).slice(0, 2)).toEqual([2, 3]);
  });
});

describe("when space runs out", () => {
  const sample = Buffer.alloc(1_000);

  test("samples go first, oldest first, and the loss is declared", () => {
    const outbox = open(20_000);
    outbox.append(eventOf("kept"));
    for (let at = 0; at < 50; at += 1) outbox.append(samplesOf(at), sample);

    const { entries } = outbox.nextBatch();

    expect(outbox.usage().bytes).toBeLessThanOrEqual(20_000);
    expect(entries[0]?.body).toMatchObject({ what: "kept" });
    expect(entries.at(-2)?.body).toMatchObject({ head: { from: 49 } });
    expect(entries.at(-1)?.body).toMatchObject({
      kind: "dropped",
      lane: "samples",
      why: "outbox-full",
      count: lossesOf(outbox)["samples outbox-full"],
    });
  });

  test("results have a reserve that nothing else fills", () => {
    const outbox = open(20_000);
    for (let at = 0; at < 50; at += 1) outbox.append(samplesOf(at), sample);
    const waitingSamples = outbox.usage().entries;
    for (let count = 0; count < 4; count += 1) outbox.append(eventOf("x".repeat(900)));

    expect(outbox.usage().entries).toBe(waitingSamples + 4);
  });

  test("results are never dropped: at the bound `append` throws, and what waits stays as it was", () => {
    const outbox = open(20_000);
    const fill = () => {
      for (;;) outbox.append(eventOf("x".repeat(900)));
    };

    expect(fill).toThrow(OutboxNotWritable);
    const { enqueued, waiting, losses } = outbox.accounts();
    expect({ waiting, losses }).toEqual({ waiting: enqueued, losses: [] });
    expect(outbox.usage().bytes).toBeLessThanOrEqual(20_000);
  });

  test("a sample that finds no room is itself the loss", () => {
    const outbox = open(20_000);
    for (let count = 0; count < 14; count += 1) outbox.append(eventOf("x".repeat(900)));
    outbox.append(samplesOf(1), Buffer.alloc(8_000));

    expect(lossesOf(outbox)).toEqual({ "samples outbox-full": 1 });
  });

  test("what was offered is not dropped", () => {
    const outbox = open(20_000);
    outbox.append(samplesOf(0), sample);
    outbox.nextBatch();
    for (let at = 1; at < 50; at += 1) outbox.append(samplesOf(at), sample);

    expect(seqs(outbox)[0]).toBe(1);
  });
});

describe("a damaged file", () => {
  const damages: [string, () => void][] = [
    ["is garbage", () => writeFileSync(file, "not a database, and long enough to be none".repeat(50))],
    ["is empty", () => writeFileSync(file, "")],
  ];
  test.each(damages)(
    "that %s is set aside, a new epoch begins, and a trouble entry says so",
    (_name, damage) => {
      const before = open();
      before.append(eventOf("lost"));
      const { epoch } = before;
      before.close();
      damage();

      const after = open();

      expect(after.epoch).not.toBe(epoch);
      expect(after.nextBatch().entries).toMatchObject([{ seq: 1, body: { code: "outbox_rebuilt" } }]);
      expect(readdirSync(folder)).toContain("outbox.db.corrupt-1000");
    },
  );
});

describe("a file that was restored from an older copy", () => {
  /** Ships `a` to `c`, then wakes up as it was after `a`, with the news `later` that only this life knows. */
  function wakeUpInThePast(collector: ModelCollector): { outbox: Outbox; epoch: string } {
    const first = open();
    first.append(eventOf("a"));
    ship(first, collector, 10);
    first.close();
    const copy = `${file}.copy`;
    copyFileSync(file, copy);
    const lived = open();
    for (const what of ["b", "c"]) lived.append(eventOf(what));
    ship(lived, collector, 10);
    lived.close();
    renameSync(copy, file);
    rmSync(`${file}-wal`, { force: true });
    rmSync(`${file}-shm`, { force: true });

    const outbox = open();
    outbox.append(eventOf("later"));
    return { outbox, epoch: outbox.epoch };
  }

  test("begins a new epoch once, tells again what waits, and says so", () => {
    const { outbox, epoch } = wakeUpInThePast(new ModelCollector());
    const sent = outbox.nextBatch();

    const taken = outbox.acknowledge(sent, receipt(outbox, 3));

    expect(taken).toEqual({ renewed: outbox.epoch });
    expect(outbox.epoch).not.toBe(epoch);
    const again = outbox.nextBatch();
    expect(again).toMatchObject({
      epoch: outbox.epoch,
      after: 0,
      entries: [{ body: { what: "later" } }, { body: { kind: "trouble", code: "outbox_restored" } }],
    });
    expect(outbox.acknowledge(again, receipt(outbox, 3))).toEqual({ settled: 2 });
    expect(outbox.accounts()).toMatchObject({ enqueued: 2, stored: 2, waiting: 0, losses: [] });
  });

  test("stays in the new epoch over a restart", () => {
    const { outbox } = wakeUpInThePast(new ModelCollector());
    outbox.acknowledge(outbox.nextBatch(), receipt(outbox, 3));
    const { epoch } = outbox;

    const after = reopen(outbox);

    expect(after.epoch).toBe(epoch);
    expect(after.accounts()).toMatchObject({ enqueued: 2, waiting: 2 });
  });
});

test("the file shrinks again after an outage", () => {
  const outbox = open(50e6);
  const collector = new ModelCollector();
  for (let at = 0; at < 200; at += 1) outbox.append(samplesOf(at), Buffer.alloc(50_000));

  while (outbox.usage().entries > 0) ship(outbox, collector, 5);
  outbox.close();

  expect(collector.stored.size).toBe(200);
  expect(statSync(file).size).toBeLessThan(3e6);
});
