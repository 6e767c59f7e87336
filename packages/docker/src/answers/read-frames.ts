import { EngineAnswerInvalid } from "../engine-errors.ts";

/** A piece of output. The engine itself speaks on `problem`, where it could not go on. */
export interface Frame {
  readonly stream: "stdout" | "stderr" | "problem";
  readonly bytes: Buffer;
}

const HEADER_BYTES = 8;
const STREAMS = ["stdout", "stdout", "stderr", "problem"] as const;
/** The engine cuts lines at 16 KiB and writes them with a time in front; what claims to be longer is no frame. */
const LONGEST_FRAME = 16 * 1024 * 1024;

/**
 * The frames of an answer: a byte for the stream, three zeros, the length, the piece. A container with a terminal has no
 * frames, all of it is its standard output: no log begins with a byte below 4, because it begins with a time.
 */
export async function* readFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  let isFramed: boolean | undefined;
  for await (const chunk of chunks) {
    isFramed ??= (chunk[0] ?? 0) < STREAMS.length;
    if (!isFramed) {
      yield { stream: "stdout", bytes: chunk };
      continue;
    }
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32BE(4);
      if (length > LONGEST_FRAME)
        throw new EngineAnswerInvalid("hand on output", `a piece of ${length} bytes`);
      if (rest.length < HEADER_BYTES + length) break;
      const bytes = rest.subarray(HEADER_BYTES, HEADER_BYTES + length);
      yield { stream: STREAMS[rest[0] ?? 0] ?? "stdout", bytes };
      rest = rest.subarray(HEADER_BYTES + length);
    }
  }
}
