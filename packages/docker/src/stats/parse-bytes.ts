/** Numbers out of the kernel's text files, straight from bytes: a string and a split for each would triple the cost. */
import { NOT_READ } from "@shipkeeper/model";

const NEWLINE = 10;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;

/** The number that begins at `from`, after spaces; `NOT_READ` where none does (`max`). */
export function numberAt(bytes: Buffer, from: number): number {
  let at = skipSpaces(bytes, from);
  if (!isDigit(bytes[at])) return NOT_READ;
  let value = 0;
  for (let digit = bytes[at]; isDigit(digit); digit = bytes[at]) {
    value = value * 10 + (digit - ZERO);
    at += 1;
  }
  return value;
}

/** The number on the line that opens with `key`, which ends in its space; `NOT_READ` where there is no such line. */
export function numberOnLine(bytes: Buffer, key: Buffer): number {
  let at = bytes.indexOf(key);
  while (at > 0 && bytes[at - 1] !== NEWLINE) at = bytes.indexOf(key, at + 1);
  return at < 0 ? NOT_READ : numberAt(bytes, at + key.length);
}

/** The sum of the numbers after every `key`; 0 where there is none: the kernel leaves out what was never used. */
export function sumAfter(bytes: Buffer, key: Buffer): number {
  let sum = 0;
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) {
    sum += Math.max(0, numberAt(bytes, at + key.length));
  }
  return sum;
}

/** The `index`-th of the numbers that follow `from`, counted from 0. */
export function nthNumber(bytes: Buffer, from: number, index: number): number {
  let at = from;
  for (let skipped = 0; skipped < index; skipped += 1) {
    at = skipSpaces(bytes, at);
    while (isDigit(bytes[at])) at += 1;
  }
  return numberAt(bytes, at);
}

export function skipSpaces(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at += 1;
  return at;
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
