/** One table of every image on every host, for spreadsheets. */
import { printable, toCsv, type Instant } from "@shipkeeper/kit";
import type { FleetFacts } from "./fleet-facts.ts";
import { ageBucketOf, ageDaysOf } from "./image-ages.ts";

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
  "findings",
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
    image.findings?.join(" "),
    image.id,
  ]);
  return toCsv(
    HEAD,
    rows.map((row) => row.map(plain)),
  );
}

/** Names are cut late here: a table is for programs, too. */
const MOST_CHARACTERS = 1_000;

const plain = (value: string | number | undefined): string | number | undefined =>
  typeof value === "string" ? printable(value, MOST_CHARACTERS) : value;

const isoOf = (at: Instant | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();
