/**
 * A sample group on the wire and on the collector's disk: what it is about as JSON, its values as bytes, in a
 * fifth of the room that JSON columns take.
 *
 * The bytes are columns one after the other: first the times, then for each series its metrics in the head's order.
 */
import { assert, InvalidInput } from "@shipkeeper/kit";
import type { SampleGroup, SampleSeries } from "@shipkeeper/model";
import * as z from "zod";
import { columnReader, columnWriter } from "./sample-chunk-bytes.ts";

const MOST_ROWS = 10_000;
const MOST_SERIES = 20_000;

/** A few bytes can stand for long runs: what a group unpacks to is bounded apart from its size. 32 MB as numbers. */
const MOST_VALUES = 4 * 2 ** 20;

/** What stands beside the bytes: everything but the numbers. */
export const sampleHeadSchema = z.object({
  /** The first and the last of the group's times; both 0 where it has none. */
  from: z.int().min(0),
  to: z.int().min(0),
  /** How many times the group has, and so how many values each of its columns. */
  rows: z.int().min(0).max(MOST_ROWS),
  series: z
    .array(
      z.object({
        subject: z.string().max(128),
        name: z.string().max(1_024),
        /** Absent where they are those of the series before, as they nearly always are. */
        metrics: z.array(z.string().min(1).max(64)).max(64).optional(),
      }),
    )
    .max(MOST_SERIES),
});
export type SampleHead = z.infer<typeof sampleHeadSchema>;

/** Values are whole numbers from `NOT_READ` (-1) up to 2^53 - 1; anything else is our own mistake. */
export function encodeSampleGroup({ times, series }: SampleGroup): { head: SampleHead; body: Uint8Array } {
  const writer = columnWriter();
  writer.column(times);

  let before: string | undefined;
  const heads = series.map(({ subject, name, columns }) => {
    const metrics = Object.keys(columns);
    for (const column of Object.values(columns)) {
      assert(column.length === times.length, `a column has ${column.length} values at ${times.length} times`);
      writer.column(column);
    }
    const isRepeated = metrics.join() === before;
    before = metrics.join();
    return isRepeated ? { subject, name } : { subject, name, metrics };
  });

  const head = { from: times[0] ?? 0, to: times.at(-1) ?? 0, rows: times.length, series: heads };
  return { head, body: writer.take() };
}

/** Throws `InvalidInput` for bytes that are cut, overlong, or not what the head says, and for times that do not ascend. */
export function decodeSampleGroup(head: SampleHead, body: Uint8Array): SampleGroup {
  const { rows } = head;
  const reader = columnReader(body, unreadable);
  const times = reader.column(rows);
  checkTimes(head, times);

  let metrics: readonly string[] = [];
  let columnsLeft = Math.floor(MOST_VALUES / Math.max(1, rows));
  const series = head.series.map((head): SampleSeries => {
    metrics = head.metrics ?? metrics;
    columnsLeft -= metrics.length;
    if (columnsLeft < 0) throw unreadable(`it holds more than ${MOST_VALUES} values`);
    const columns = metrics.map((metric) => [metric, reader.column(rows)] as const);
    return { subject: head.subject, name: head.name, columns: Object.fromEntries(columns) };
  });
  if (!reader.isAtEnd()) throw unreadable("bytes are left over");
  return { times, series };
}

function checkTimes({ from, to }: SampleHead, times: readonly number[]): void {
  const ascends = times.every((at, index) => at >= (times[index - 1] ?? 0));
  if (!ascends) throw unreadable("its times do not ascend");
  if ((times[0] ?? 0) !== from || (times.at(-1) ?? 0) !== to)
    throw unreadable("its times are not the head's");
}

function unreadable(problem: string): InvalidInput {
  return new InvalidInput("the sample group cannot be read", [problem]);
}
