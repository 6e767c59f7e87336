import { PROOF_LEVELS } from "@shipkeeper/policy";
import { apiVerificationSchema, verificationsQuerySchema, type ApiVerification } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter } from "../list-command.ts";
import type { Column } from "../output/table.ts";
import { ago, orDash, shortId } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addVerificationsCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "verifications",
    description: "how far backups are proven, and since when",
    item: apiVerificationSchema,
    columns: columns(surroundings),
    filters: [
      hostFilter(),
      new Option("--repository <name>", "only of this repository"),
      new Option("--dataset <id>", "only of this dataset, such as volume:shop-data"),
      new Option("--level <level>", "only of this rung").choices([...PROOF_LEVELS]),
      new Option("--failed", "only what was found bad"),
    ],
    sorts: verificationsQuerySchema.shape.sort.unwrap().options,
  });
}

const columns = ({ now }: Surroundings): Column<ApiVerification>[] => [
  { head: "host", cell: (row) => row.host },
  { head: "repository", cell: (row) => row.repository },
  { head: "dataset", cell: (row) => row.dataset ?? "(all)" },
  { head: "level", cell: (row) => row.level },
  {
    head: "found",
    cell: (row) => (row.passed ? "good" : "bad"),
    tone: (row) => (row.passed ? "good" : "bad"),
  },
  { head: "age", align: "right", cell: (row) => ago(row.at, now()) },
  {
    head: "last good",
    align: "right",
    cell: (row) => (row.passedAt === undefined ? "never" : ago(row.passedAt, now())),
  },
  {
    head: "restore point",
    cell: (row) => (row.restorePoint === undefined ? "-" : shortId(row.restorePoint)),
  },
  { head: "note", cell: noteOf },
];

function noteOf({ message, level, everyByteReadSince, shareRead = 0 }: ApiVerification): string {
  if (message !== undefined || level !== "bytes" || everyByteReadSince !== undefined) return orDash(message);
  return `${Math.floor(shareRead * 100)} % read so far`;
}
