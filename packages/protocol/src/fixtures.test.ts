/** Recorded batches of every version, in `fixtures/`: what an agent in the field sends must stay readable. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { batchSchema } from "./batch.ts";
import { decodeEntry, knownEntrySchema } from "./entries.ts";
import { decodeSampleGroup } from "./sample-chunk.ts";
import { PROTOCOL_VERSION } from "./version.ts";

const FOLDER = join(import.meta.dirname, "../fixtures");

interface Recorded {
  batch: unknown;
  /** Base64. */
  blobs: string[];
}

const files = readdirSync(FOLDER).filter((name) => /^batch-v\d+\.json$/.test(name));
const read = (file: string) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Recorded;

test("the present version has a recorded batch", () => {
  expect(files).toContain(`batch-v${PROTOCOL_VERSION}.json`);
});

test.each(files)("%s decodes, every entry of it", (file) => {
  const { batch, blobs } = read(file);

  for (const { body } of batchSchema.parse(batch).entries) {
    const decoded = decodeEntry(body);
    if (!("entry" in decoded)) throw new Error(decoded.problems.join("; "));
    if (decoded.entry.kind !== "samples") continue;
    const blob = Buffer.from(blobs[decoded.entry.blob] ?? "", "base64");
    expect(decodeSampleGroup(decoded.entry.head, blob).times.length).toBeGreaterThan(0);
  }
});

test("the present version's batch has an entry of every kind, and one that nobody knows", () => {
  const { batch } = read(`batch-v${PROTOCOL_VERSION}.json`);
  const kinds = batchSchema.parse(batch).entries.flatMap(({ body }) => {
    const decoded = decodeEntry(body);
    return "entry" in decoded ? [decoded.entry.kind] : [];
  });

  const known = knownEntrySchema.options.map((option) => option.shape.kind.value);
  expect(new Set(kinds)).toEqual(new Set([...known, "unknown"]));
});
