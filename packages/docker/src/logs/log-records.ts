/** The two forms in which the engine keeps logs on disk, record by record. Whoever wrote them is not to be trusted. */

/** Takes one piece of output, and whether its line ends with it: the engine cuts lines into pieces of 16 KiB. */
export type TakePiece = (text: string, endsLine: boolean) => void;

/**
 * Hands on every whole record of a chunk, and returns how many bytes of it they were: what follows them is the
 * beginning of a record that is not written to its end yet. `undefined` where the bytes make no records.
 */
export type DecodeRecords = (chunk: Buffer, take: TakePiece) => number | undefined;

const NEWLINE = 0x0a;

/** `json-file`: an object a line. A line that is none, as a power cut leaves it, is passed over. */
export const decodeJsonLines: DecodeRecords = (chunk, take) => {
  const end = chunk.lastIndexOf(NEWLINE) + 1;
  for (const line of chunk.toString("utf8", 0, end).split("\n")) {
    const text = line === "" ? undefined : textOf(line);
    if (text !== undefined) take(text.replace(/\n$/, ""), text.endsWith("\n"));
  }
  return end;
};

function textOf(line: string): string | undefined {
  try {
    const record: unknown = JSON.parse(line);
    const text = typeof record === "object" && record !== null && "log" in record ? record.log : undefined;
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Before and after the record, so that it can be read from both ends. */
const FRAME_BYTES = 4;
/** A piece of 16 KiB, with room for what stands beside it. */
const MOST_RECORD_BYTES = 2 ** 20;

/**
 * `local`, and the engine's own copy of what it hands to a driver that cannot be read: a protobuf message between its
 * length and its length.
 */
export const decodeFrames: DecodeRecords = (chunk, take) => {
  let at = 0;
  while (at + FRAME_BYTES <= chunk.length) {
    const size = chunk.readUInt32BE(at);
    if (size > MOST_RECORD_BYTES) return undefined;
    const end = at + FRAME_BYTES + size;
    if (end + FRAME_BYTES > chunk.length) break;
    if (chunk.readUInt32BE(end) !== size) return undefined;
    const record = readMessage(chunk.subarray(at + FRAME_BYTES, end));
    if (record !== undefined) takeRecord(record, take);
    at = end + FRAME_BYTES;
  }
  return at;
};

/** Fields of `LogEntry` and of its `PartialLogEntryMetadata`, as `api/types/plugins/logdriver/entry.proto` numbers them. */
const LINE = 3;
const PARTIAL = 4;
const PARTIAL_METADATA = 5;
const LAST = 1;

type Message = ReadonlyMap<number, Buffer | number>;

function takeRecord(record: Message, take: TakePiece): void {
  const line = record.get(LINE);
  const metadata = record.get(PARTIAL_METADATA);
  const isLast = metadata instanceof Buffer && readMessage(metadata)?.get(LAST) === 1;
  const text = line instanceof Buffer ? line.toString("utf8") : "";
  take(text, record.get(PARTIAL) !== 1 || isLast);
}

const VARINT = 0;
const BYTES = 2;

/** The last value of every field; undefined for what is no message. Long numbers lose their upper bits. */
function readMessage(bytes: Buffer): Message | undefined {
  const fields = new Map<number, Buffer | number>();
  let at = 0;

  const varint = (): number => {
    let value = 0;
    for (let shift = 0; at < bytes.length; shift += 7) {
      const byte = bytes[at++] ?? 0;
      if (shift < 28) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  };

  while (at < bytes.length) {
    const tag = varint();
    const [field, type] = [tag >>> 3, tag & 7];
    if (type === VARINT) fields.set(field, varint());
    else if (type === BYTES) {
      const size = varint();
      if (size > bytes.length - at) return undefined;
      fields.set(field, bytes.subarray(at, at + size));
      at += size;
    } else return undefined;
  }
  return fields;
}
