/**
 * Follows one container's log on disk from look to look: how much was written, and its lines where they are wanted.
 * The file written at present is kept open, so that what went into it before a rotation is still read after it, packed
 * and deleted or not. A look at a log that nobody wrote to is one `stat`.
 */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Instant } from "@shipkeeper/kit";
import type { LogFile } from "./log-file.ts";
import type { DecodeRecords, TakePiece } from "./log-records.ts";
import { filesAfter, rotatedFiles, seeFile, type FileSeen, type RotatedFile } from "./rotated-files.ts";

export interface LogLook {
  /** Bytes in the log's files since the last look, of which `notScannedBytes` were not read although lines were wanted. */
  readonly writtenBytes: number;
  readonly scannedBytes: number;
  readonly notScannedBytes: number;
  /** When the newest byte was written; undefined for a log that is empty. */
  readonly lastAt?: Instant;
  /** The log was rotated so often since the last look that some of it may be gone unseen: the bytes are the least. */
  readonly late: boolean;
}

export interface LookOptions {
  /** Without it nothing is read, and nothing counts as left out. */
  readonly take?: TakePiece | undefined;
  /** Of what is new, at most so much is read. */
  readonly mostBytes: number;
  /** Where the pieces are read into, for as long as the look takes; a record must fit. */
  readonly scratch: Buffer;
}

export interface LogFollower {
  /** Undefined where the file cannot be seen. One look at a time. */
  look(options: LookOptions): Promise<LogLook | undefined>;
  close(): Promise<void>;
}

export interface FollowOptions {
  /** A log that was begun before it is followed from its present end on, a younger one from its beginning. */
  readonly since: Instant;
  /** The size at which the engine empties the file, where it keeps no second one. */
  readonly emptiedAtBytes?: number | undefined;
}

export function followLog({ path, decode }: LogFile, { since, emptiedAtBytes }: FollowOptions): LogFollower {
  let held: HeldFile | undefined;

  /** What was written into the same file, which the engine may have emptied in between. */
  async function lookAtHeld(file: HeldFile, now: FileSeen, reader: Reader): Promise<LogLook> {
    const isEmptied = now.size < file.size;
    if (isEmptied) {
      reader.skip(Math.max(0, (emptiedAtBytes ?? 0) - file.size));
      [file.size, file.offset] = [0, 0];
    }
    await reader.read(file, now.size);
    return reader.result(now, isEmptied && emptiedAtBytes === undefined);
  }

  /** What went into the held file before it was rotated, and into the files that came and were full since. */
  async function finish(file: HeldFile, reader: Reader): Promise<boolean> {
    try {
      const { size, mtimeMs } = await file.handle.stat();
      await reader.read(file, size);
      const { files, late } = filesAfter({ ino: file.ino, mtimeMs }, await rotatedFiles(path));
      for (const between of files.toReversed()) await readWhole(between, reader);
      return late;
    } finally {
      await file.handle.close();
    }
  }

  return {
    async look(options) {
      const now = await seeFile(path);
      const reader = readerOf(decode, options);
      if (now !== undefined && now.ino === held?.ino) {
        return now.size === held.size ? reader.result(now, false) : lookAtHeld(held, now, reader);
      }

      const last = held;
      held = undefined;
      const late = last === undefined ? false : await finish(last, reader);
      held = now === undefined ? undefined : await openAt(path);
      if (held === undefined) return last === undefined ? undefined : reader.result(undefined, late);
      const opened = await held.handle.stat();
      const isOld = last === undefined && opened.birthtimeMs < since;
      if (isOld) [held.size, held.offset] = [opened.size, opened.size];
      else await reader.read(held, opened.size);
      return reader.result(opened, late);
    },
    async close() {
      const last = held;
      held = undefined;
      await last?.handle.close();
    },
  };
}

interface HeldFile {
  readonly handle: FileHandle;
  readonly ino: number;
  /** Counted as written up to here, and read up to there. */
  size: number;
  offset: number;
}

/** No link is followed, and nothing waited for: what lies there was written by the engine, or is left alone. */
async function openAt(path: string): Promise<HeldFile | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { ino } = await handle.stat();
    return { handle, ino, size: 0, offset: 0 };
  } catch {
    return undefined;
  }
}

interface Reader {
  /** Bytes that were written and cannot be read any more. */
  skip(bytes: number): void;
  /** Up to a size of the file; what the bound leaves out is counted. */
  read(file: HeldFile, to: number): Promise<void>;
  result(file: Pick<FileSeen, "size" | "mtimeMs"> | undefined, late: boolean): LogLook;
}

function readerOf(decode: DecodeRecords, { mostBytes, take, scratch }: LookOptions): Reader {
  let [writtenBytes, scannedBytes, notScannedBytes] = [0, 0, 0];

  /** Returns whether the rest of the file can go on being read. */
  async function readPiece(file: HeldFile, to: number, take: TakePiece): Promise<boolean> {
    const wanted = Math.min(to - file.offset, mostBytes - scannedBytes, scratch.length);
    if (wanted <= 0) return false;
    const { bytesRead } = await file.handle.read(scratch, 0, wanted, file.offset);
    const used = decode(scratch.subarray(0, bytesRead), take);
    if (used === undefined || (used === 0 && file.offset + bytesRead < to)) return false;
    scannedBytes += used;
    file.offset += used;
    return used > 0 || bytesRead < scratch.length;
  }

  return {
    skip(bytes) {
      writtenBytes += bytes;
      if (take !== undefined) notScannedBytes += bytes;
    },
    async read(file, to) {
      writtenBytes += Math.max(0, to - file.size);
      file.size = to;
      if (take === undefined) {
        file.offset = to;
        return;
      }
      while (file.offset < to) {
        const before = file.offset;
        if (!(await readPiece(file, to, take))) {
          notScannedBytes += to - file.offset;
          file.offset = to;
        }
        // The beginning of a record that is still being written waits for the next look.
        if (file.offset === before) return;
      }
    },
    result(file, late) {
      const lastAt = file === undefined || file.size === 0 ? {} : { lastAt: Math.floor(file.mtimeMs) };
      return { writtenBytes, scannedBytes, notScannedBytes, late, ...lastAt };
    },
  };
}

/** A packed file is counted by the size that stands at its end, and not unpacked. */
async function readWhole({ path, size, packed }: RotatedFile, reader: Reader): Promise<void> {
  const file = await openAt(path);
  if (file === undefined) return reader.skip(packed ? 0 : size);
  try {
    if (!packed) return await reader.read(file, size);
    const end = Buffer.alloc(4);
    await file.handle.read(end, 0, end.length, Math.max(0, size - end.length));
    return reader.skip(end.readUInt32LE(0));
  } finally {
    await file.handle.close();
  }
}
