/** One table of every image on every host, for spreadsheets. */
import type { Instant } from "@shipkeeper/kit";
import type { FleetFacts } from "./fleet-facts.ts";
import { ageBucketOf, ageDaysOf } from "./image-ages.ts";
import { plainText } from "./plain-text.ts";

const HEAD = [
  "host",
  "image",
  "owner",
  "base",
  "built",
  "age_days",
  "age_class",
  "size_bytes",
  "own_bytes",
  "used_by",
  "run_by",
  "unused_since",
  "id",
];

export function renderCsv(facts: FleetFacts, now: Instant): string {
  const rows = facts.images.map((image) => [
    image.host,
    image.name,
    image.owner,
    image.base,
    isoOf(image.createdAt),
    ageDaysOf(image, now),
    ageBucketOf(image, now),
    image.sizeBytes,
    image.ownBytes,
    image.usedBy.join(" "),
    image.runBy.join(" "),
    isoOf(image.unusedSince),
    image.id,
  ]);
  return [HEAD, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/** Names are cut late here: a table is for programs, too. */
const MOST_CHARACTERS = 1_000;

/**
 * Quoted where RFC 4180 asks for it. A text that a spreadsheet would run as a formula gets an apostrophe in front,
 * also after the white space that spreadsheets skip.
 */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const plain = plainText(value, MOST_CHARACTERS);
  const harmless = /^\s*[=+\-@|%]/.test(plain) ? `'${plain}` : plain;
  return /[",\s]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const isoOf = (at: Instant | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();
