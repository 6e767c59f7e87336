import { expect, test } from "vitest";
import { EngineAnswerInvalid } from "../engine-errors.ts";
import { readLog } from "./read-log.ts";

const AT = "2030-01-31T02:00:00.123456789Z";

function frame(stream: 1 | 2 | 3, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** The bytes in pieces of a few, as a network may bring them. */
async function* inPieces(bytes: Buffer, size = 5): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = async (bytes: Buffer, mostBytes = 1_000) => {
  const log = await readLog(inPieces(bytes), { mostBytes });
  return log.readable
    ? { said: log.lines.map(({ stream, text }) => `${stream}: ${text}`), cut: log.cut }
    : log;
};

test("lines are put together from frames, however these are cut, each stream by itself", async () => {
  const bytes = Buffer.concat([
    frame(1, `${AT} begun`),
    frame(2, `${AT} ünrest\n`),
    frame(1, ` and ended\n${AT} \n`),
    frame(1, `${AT} without an end`),
  ]);

  expect(await read(bytes)).toEqual({
    said: ["stderr: ünrest", "stdout: begun and ended", "stdout: ", "stdout: without an end"],
    cut: false,
  });
});

test("a container with a terminal writes without frames, with carriage returns", async () => {
  expect(await read(Buffer.from(`${AT} one\r\n${AT} two\r\n`))).toEqual({
    said: ["stdout: one", "stdout: two"],
    cut: false,
  });
});

test("the newest lines are kept, and a line is not longer than 16 KiB", async () => {
  const lines = ["aaaa", "bbbb", "cccc"].map((text) => frame(1, `${AT} ${text}\n`));
  const long = await readLog(inPieces(frame(1, `${AT} ${"x".repeat(40_000)}\n`), 4_096), { mostBytes: 1e6 });

  expect(await read(Buffer.concat(lines), 8)).toEqual({ said: ["stdout: bbbb", "stdout: cccc"], cut: true });
  expect(long.readable && long.lines[0]?.text.length).toBe(16_384);
});

test("what the engine could not read it says itself, or it goes on with less", async () => {
  const problem = frame(3, "error from daemon in stream: Error grabbing logs");

  expect(await read(problem)).toEqual({
    readable: false,
    why: "error from daemon in stream: Error grabbing logs",
  });
  expect(await read(Buffer.concat([frame(1, `${AT} one\n`), problem]))).toEqual({
    said: ["stdout: one"],
    cut: true,
  });
});

test("an answer that is no log is refused", async () => {
  const bytes = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0]);

  await expect(read(bytes)).rejects.toThrow(EngineAnswerInvalid);
});
