import { expect, test } from "vitest";
import { decodeFrames, decodeJsonLines, type DecodeRecords } from "./log-records.ts";

const decoded = (decode: DecodeRecords, chunk: Buffer) => {
  const pieces: [string, boolean][] = [];
  const used = decode(chunk, (text, endsLine) => pieces.push([text, endsLine]));
  return { used, pieces };
};

const json = (log: string) => `${JSON.stringify({ log, stream: "stderr", time: "2026-11-22T13:00:00Z" })}\n`;

test("lines of json-file are handed on without their newline, and a piece says that its line goes on", () => {
  const chunk = Buffer.from(json('one "quoted"\n') + json("a piece") + json("and its end\n"));

  expect(decoded(decodeJsonLines, chunk)).toEqual({
    used: chunk.length,
    pieces: [
      ['one "quoted"', true],
      ["a piece", false],
      ["and its end", true],
    ],
  });
});

test("a record that is not written to its end waits, and what a power cut left is passed over", () => {
  const torn = Buffer.from(`${json("one\n")}{"log":"to\0rn${json("after\n")}${json("two\n")}{"log":"half`);

  const { used, pieces } = decoded(decodeJsonLines, torn);

  expect(pieces.map(([text]) => text)).toEqual(["one", "two"]);
  expect(used).toBe(torn.length - '{"log":"half'.length);
});

test.each(["null", "7", "[]", '{"log":7}', "\0\0\0", "{}", '"text"'])(
  "%j is no record and no trouble",
  (line) => {
    expect(decoded(decodeJsonLines, Buffer.from(`${line}\n`)).pieces).toEqual([]);
  },
);

test("bytes that are no UTF-8 are a text all the same", () => {
  const [before, after] = json("a§b\n")
    .split("§")
    .map((part) => Buffer.from(part)) as [Buffer, Buffer];

  expect(decoded(decodeJsonLines, Buffer.concat([before, Buffer.from([0xff, 0xfe]), after])).pieces).toEqual([
    ["a\ufffd\ufffdb", true],
  ]);
});

/** As the engine writes them: `source`, `time_nano`, `line`, and of a piece `partial` with its metadata. */
function frame(line: string, piece?: { last: boolean }): Buffer {
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
  const message = Buffer.concat([
    field(1, Buffer.from("stdout")),
    Buffer.from([2 << 3, 0x80, 0xe8, 0xc0, 0xc0, 0xaf, 0xd9, 0xa3, 0x9b, 0x17]),
    field(3, Buffer.from(line)),
    ...(piece === undefined
      ? []
      : [Buffer.from([4 << 3, 1]), field(5, Buffer.from(piece.last ? [1 << 3, 1] : [3 << 3, 1]))]),
  ]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(message.length);
  return Buffer.concat([size, message, size]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) return Buffer.from(bytes);
  }
}

test("frames of `local` are handed on, with long lines and pieces of lines", () => {
  const long = "x".repeat(16_384);
  const chunk = Buffer.concat([frame("one"), frame(long, { last: false }), frame("end", { last: true })]);

  expect(decoded(decodeFrames, chunk)).toEqual({
    used: chunk.length,
    pieces: [
      ["one", true],
      [long, false],
      ["end", true],
    ],
  });
});

test("a frame that is not written to its end waits; bytes that are no frames are told apart from it", () => {
  const [one, two] = [frame("one"), frame("two")];
  const half = Buffer.concat([one, two.subarray(0, -1)]);
  const torn = Buffer.concat([one, two.subarray(3)]);

  expect(decoded(decodeFrames, half).used).toBe(one.length);
  expect(decoded(decodeFrames, torn).used).toBeUndefined();
  expect(decoded(decodeFrames, Buffer.alloc(64, 0xff)).used).toBeUndefined();
});
