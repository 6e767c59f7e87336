/**
 * The bytes of one column of samples: the deltas from one value to the next, the first from 0. A delta is a varint
 * whose first byte is [more:1][negative:1][magnitude:6] and whose further bytes are [more:1][magnitude:7], lowest bits
 * first. A negative zero, which no delta is, opens a run of two or more zeros; their count follows in the same form.
 * Sums and products where values may be large, because bit operators end at 32 bits.
 */
import { assert } from "@shipkeeper/kit";
import { NOT_READ } from "@shipkeeper/model";

const MORE = 0x80;
const NEGATIVE = 0x40;
const FIRST_RADIX = 64;
const BITS = 0x7f;
const RADIX = 128;
const RUN = NEGATIVE;

/** From `NOT_READ` to the largest safe integer: 6 bits and 7 times 7 more. */
const LARGEST_MAGNITUDE = 2 ** 53;
const LONGEST_VARINT = 8;

export interface ColumnWriter {
  /** Whole numbers from `NOT_READ` up to 2^53 - 1. */
  column(values: readonly number[]): void;
  take(): Uint8Array;
}

export function columnWriter(): ColumnWriter {
  let bytes = new Uint8Array(4_096);
  let length = 0;

  function reserve(count: number): void {
    if (length + count <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, length + count));
    larger.set(bytes);
    bytes = larger;
  }

  function varint(delta: number): void {
    const magnitude = Math.abs(delta);
    const sign = delta < 0 ? NEGATIVE : 0;
    if (magnitude < FIRST_RADIX) {
      bytes[length++] = magnitude + sign;
      return;
    }
    bytes[length++] = MORE + sign + (magnitude % FIRST_RADIX);
    let rest = Math.floor(magnitude / FIRST_RADIX);
    while (rest >= RADIX) {
      bytes[length++] = MORE + (rest % RADIX);
      rest = Math.floor(rest / RADIX);
    }
    bytes[length++] = rest;
  }

  function zeros(count: number): void {
    if (count === 1) bytes[length++] = 0;
    if (count < 2) return;
    bytes[length++] = RUN;
    varint(count);
  }

  return {
    column(values) {
      reserve((values.length + 1) * LONGEST_VARINT);
      let before = 0;
      let same = 0;
      for (const value of values) {
        if (!Number.isSafeInteger(value) || value < NOT_READ) assert(false, `${value} is no sample's value`);
        if (value === before) {
          same += 1;
          continue;
        }
        zeros(same);
        same = 0;
        varint(value - before);
        before = value;
      }
      zeros(same);
    },
    take: () => bytes.slice(0, length),
  };
}

export interface ColumnReader {
  column(count: number): number[];
  isAtEnd(): boolean;
}

/** Throws `failure` for bytes that end early or mean no value, and for what is written longer than it need be. */
export function columnReader(bytes: Uint8Array, failure: (problem: string) => Error): ColumnReader {
  let at = 0;

  /** The magnitude whose first byte, without its sign, has just been read. */
  function magnitudeFrom(first: number): number {
    if (first < MORE) return first;
    let magnitude = first - MORE;
    let factor = FIRST_RADIX;
    let byte: number;
    do {
      byte = next();
      magnitude += (byte & BITS) * factor;
      factor *= RADIX;
    } while (byte >= MORE && factor < LARGEST_MAGNITUDE);
    if (byte === 0 || byte >= MORE) throw failure("a number is longer than it need be");
    if (magnitude > LARGEST_MAGNITUDE) throw failure("a number is too large");
    return magnitude;
  }

  function next(): number {
    if (at >= bytes.length) throw failure("its bytes end early");
    return bytes[at++] ?? 0;
  }

  return {
    column(count) {
      const values = Array<number>(count);
      let value = 0;
      let filled = 0;
      while (filled < count) {
        const first = next();
        let run = 1;
        if (first === RUN) {
          const size = next();
          run = size & NEGATIVE ? 0 : magnitudeFrom(size);
          if (run < 2 || run > count - filled) throw failure("a run has no length that fits its column");
        } else {
          const magnitude = magnitudeFrom(first & ~NEGATIVE);
          value += first & NEGATIVE ? -magnitude : magnitude;
          if (value < NOT_READ || value > Number.MAX_SAFE_INTEGER) throw failure(`${value} is no value`);
        }
        for (; run > 0; run -= 1) values[filled++] = value;
      }
      return values;
    },
    isAtEnd: () => at === bytes.length,
  };
}
