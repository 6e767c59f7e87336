import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { followLog, type FollowOptions } from "./follow-log.ts";
import { logCapacityOf } from "./log-file.ts";
import { decodeJsonLines } from "./log-records.ts";
import { filesAfter } from "./rotated-files.ts";

const record = (log: string) => `${JSON.stringify({ log: `${log}\n`, stream: "stdout", time: "t" })}\n`;
const BYTES = record("0").length;

/** A log that is written to by hand, and what looks at it saw. */
function logInFolder({ text = "", ...options }: Partial<FollowOptions> & { text?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-logs-"));
  const path = join(folder, "x-json.log");
  writeFileSync(path, text);
  const follower = followLog({ path, decode: decodeJsonLines }, { since: 0, ...options });
  onTestFinished(async () => {
    await follower.close();
    rmSync(folder, { recursive: true });
  });
  let clock = 1_000_000;
  return {
    path,
    write: (...lines: string[]) => appendFileSync(path, lines.map(record).join("")),
    /** As the engine does it: what is written at present becomes `.1`, and so on. */
    rotate({ files = 3, packed = false } = {}) {
      const ending = packed ? ".gz" : "";
      rmSync(`${path}.${files - 1}${ending}`, { force: true });
      for (let number = files - 2; number >= 1; number -= 1) {
        if (statSync(`${path}.${number}${ending}`, { throwIfNoEntry: false }) !== undefined) {
          renameSync(`${path}.${number}${ending}`, `${path}.${number + 1}${ending}`);
        }
      }
      const aside = `${path}.1`;
      renameSync(path, aside);
      clock += 10;
      utimesSync(aside, clock, clock);
      if (packed) {
        writeFileSync(`${aside}.gz`, gzipSync("x".repeat(statSync(aside).size)));
        utimesSync(`${aside}.gz`, clock + 1, clock + 1);
        unlinkSync(aside);
      }
      writeFileSync(path, "");
    },
    async look({ mostBytes = 2 ** 20, scratch = Buffer.alloc(2 ** 20) } = {}) {
      const lines: string[] = [];
      const look = await follower.look({ mostBytes, scratch, take: (text) => lines.push(text) });
      return { lines, ...look };
    },
    count: () => follower.look({ mostBytes: 2 ** 20, scratch: Buffer.alloc(64) }),
  };
}

test("an old log is followed from its end, a younger one from its beginning", async () => {
  const old = logInFolder({ text: record("before"), since: Date.now() + 60_000 });
  const young = logInFolder({ text: record("first") });

  expect(await old.look()).toMatchObject({ writtenBytes: 0, lines: [] });
  expect((await young.look()).lines).toEqual(["first"]);
  old.write("after");
  expect((await old.look()).lines).toEqual(["after"]);
});

test("what goes into a file before it is rotated, and into those that were full in between, is read once each", async () => {
  const log = logInFolder();
  log.write("1");
  await log.look();

  log.write("2");
  log.rotate();
  log.write("3");
  log.rotate();
  log.write("4");

  expect(await log.look()).toMatchObject({ lines: ["2", "3", "4"], writtenBytes: 3 * BYTES, late: false });
  expect(await log.look()).toMatchObject({ lines: [], writtenBytes: 0 });
});

test("a log that went round faster than it was looked at says that there may be more", async () => {
  const log = logInFolder();
  log.write("1");
  await log.look();

  for (const line of ["2", "3", "4", "5"]) {
    log.write(line);
    log.rotate();
  }

  expect(await log.look()).toMatchObject({ lines: ["2", "4", "5"], late: true });
});

test("packed files are counted by their unpacked size, and the one that was held is still read", async () => {
  const log = logInFolder();
  log.write("1");
  await log.look();

  log.write("2");
  log.rotate({ files: 5, packed: true });
  log.write("3");
  log.rotate({ files: 5, packed: true });
  log.write("4");

  expect(await log.look()).toMatchObject({
    lines: ["2", "4"],
    writtenBytes: 3 * BYTES,
    notScannedBytes: BYTES,
  });
});

test("a file that is emptied in its place is counted up to the size at which the engine does that", async () => {
  const known = logInFolder({ emptiedAtBytes: 3 * BYTES });
  const byHand = logInFolder();
  for (const log of [known, byHand]) {
    log.write("1", "2");
    await log.look();
    truncateSync(log.path);
    log.write("4");
  }

  expect(await known.look()).toMatchObject({
    lines: ["4"],
    writtenBytes: 2 * BYTES,
    notScannedBytes: BYTES,
    late: false,
  });
  expect(await byHand.look()).toMatchObject({ lines: ["4"], writtenBytes: BYTES, late: true });
});

test("no more is read than allowed; what was left out is counted, and reading goes on behind it", async () => {
  const log = logInFolder();
  log.write("1", "2", "3", "4", "5");

  expect(await log.look({ mostBytes: 3 * BYTES - 1 })).toMatchObject({
    lines: ["1", "2"],
    writtenBytes: 5 * BYTES,
    scannedBytes: 2 * BYTES,
    notScannedBytes: 3 * BYTES,
  });
  log.write("6");
  expect((await log.look({ mostBytes: 3 * BYTES - 1 })).lines).toEqual(["6"]);
  log.write("7");
  expect(await log.look({ mostBytes: 0 })).toMatchObject({ lines: [], notScannedBytes: BYTES });
});

test("where no lines are wanted, bytes are counted and nothing is read", async () => {
  const log = logInFolder();
  log.write("1", "2");

  expect(await log.count()).toMatchObject({ writtenBytes: 2 * BYTES, scannedBytes: 0, notScannedBytes: 0 });
  log.write("3");
  expect((await log.look()).lines).toEqual(["3"]);
});

test("chunks end in the middle of records, and records in the middle of being written", async () => {
  const log = logInFolder();
  log.write("1", "2", "3");
  appendFileSync(log.path, record("4").slice(0, 9));

  expect(await log.look({ scratch: Buffer.alloc(BYTES + 5) })).toMatchObject({ lines: ["1", "2", "3"] });
  appendFileSync(log.path, record("4").slice(9));
  expect(await log.look()).toMatchObject({ lines: ["4"], writtenBytes: BYTES - 9, notScannedBytes: 0 });
});

test("a megabyte without a newline is left out and harms nothing that follows", async () => {
  const log = logInFolder();
  appendFileSync(log.path, `{"log":"${"\0x".repeat(600_000)}`);

  expect(await log.look({ mostBytes: 8 * 2 ** 20 })).toMatchObject({ lines: [], notScannedBytes: 1_200_008 });
  appendFileSync(log.path, '"}\n');
  log.write("after");
  expect((await log.look()).lines).toEqual(["after"]);
});

test("a file that is gone, or was never there, is no trouble", async () => {
  const log = logInFolder();
  log.write("1");
  await log.look();
  log.write("2");
  unlinkSync(log.path);

  expect((await log.look()).lines).toEqual(["2"]);
  expect(await log.look()).toEqual({ lines: [] });
});

test("which rotated files are newer than the held one is told by inode, or by time once it is packed", () => {
  const file = (ino: number, packed = false) => ({ path: `${ino}`, ino, size: 1, mtimeMs: ino, packed });
  const held = { ino: 5, mtimeMs: 5 };
  const inodes = (rotated: Parameters<typeof filesAfter>[1]) => {
    const { files, late } = filesAfter(held, rotated);
    return [files.map(({ ino }) => ino), late];
  };

  expect(inodes([file(7), file(6), file(5), file(4)])).toEqual([[7, 6], false]);
  expect(inodes([file(7, true), file(6, true), file(4, true)])).toEqual([[7], false]);
  expect(inodes([file(7, true), file(6, true)])).toEqual([[7], true]);
  expect(inodes([file(7), file(6)])).toEqual([[7, 6], true]);
});

test("how much is kept follows from the driver and its options", () => {
  const capacity = (logDriver: string, maxSize?: string, maxFile?: string) =>
    logCapacityOf({ logDriver, logRotation: { maxSize, maxFile } });

  expect(capacity("json-file")).toBeUndefined();
  expect(capacity("json-file", "-1", "3")).toBeUndefined();
  expect(capacity("json-file", "100k")).toEqual({ fileBytes: 100_000, files: 1 });
  expect(capacity("json-file", "1.5MB", "3")).toEqual({ fileBytes: 1_500_000, files: 3 });
  expect(capacity("local")).toEqual({ fileBytes: 20_971_520, files: 5 });
  expect(capacity("local", "100k", "2")).toEqual({ fileBytes: 100_000, files: 2 });
});
