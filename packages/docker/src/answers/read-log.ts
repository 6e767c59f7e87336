import { parseInstant } from "@shipkeeper/kit";
import type { ContainerLog, LogLine, LogRange } from "../engine.ts";
import { readFrames } from "./read-frames.ts";

const LONGEST_LINE = 16 * 1024;

/** The lines of a log that the engine was asked for with times; of too many bytes the newest ones. */
export async function readLog(
  chunks: AsyncIterable<Buffer>,
  { mostBytes }: Pick<LogRange, "mostBytes">,
): Promise<ContainerLog> {
  const lines: LogLine[] = [];
  /** By stream, a line whose end has not come: both write at the same time. */
  const begun = { stdout: "", stderr: "" };
  let bytes = 0;
  let cut = false;
  let problem: string | undefined;

  function keep(stream: LogLine["stream"], written: string): void {
    const line = readLine(stream, written);
    if (line === undefined) return;
    lines.push(line);
    bytes += Buffer.byteLength(line.text);
    while (bytes > mostBytes && lines.length > 0) {
      bytes -= Buffer.byteLength(lines.shift()?.text ?? "");
      cut = true;
    }
  }

  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const frame of readFrames(chunks)) {
    if (frame.stream === "problem") {
      problem = frame.bytes.toString("utf8").trim();
      continue;
    }
    const { stream } = frame;
    const pieces = (begun[stream] + decoders[stream].decode(frame.bytes, { stream: true })).split("\n");
    // Kept a little longer than a line may be, so that what is cut is known to be.
    begun[stream] = (pieces.pop() ?? "").slice(0, 2 * LONGEST_LINE);
    for (const piece of pieces) keep(stream, piece);
  }
  for (const stream of ["stdout", "stderr"] as const) keep(stream, begun[stream]);
  if (problem !== undefined && lines.length === 0) return { readable: false, why: problem.slice(0, 500) };
  return { readable: true, lines, cut: cut || problem !== undefined };
}

/** `2030-01-31T02:00:00.000000001Z the text`, with a carriage return behind it where a terminal wrote it. */
function readLine(stream: LogLine["stream"], written: string): LogLine | undefined {
  const space = written.indexOf(" ");
  const at = parseInstant(space === -1 ? written : written.slice(0, space));
  if (at === undefined) return undefined;
  const text = space === -1 ? "" : written.slice(space + 1).replace(/\r$/, "");
  return { stream, at, text: text.slice(0, LONGEST_LINE) };
}
