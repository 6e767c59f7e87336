import { apiLogSchema, logsQuerySchema, type ApiLog } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter } from "../list-command.ts";
import type { Column } from "../output/table.ts";
import { ago, bytes, MISSING, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addLogsCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "logs",
    description: "how much every container logs, what was found in it, and bursts",
    item: apiLogSchema,
    columns: columns(surroundings),
    filters: [
      hostFilter(),
      ownerFilter(),
      new Option("--container <name>", "only of the container of this name"),
      new Option("--burst", "only logs that burst at present"),
    ],
    sorts: logsQuerySchema.shape.sort.unwrap().options,
  });
}

const columns = ({ now }: Surroundings): Column<ApiLog>[] => [
  { head: "host", cell: ({ host }) => host },
  { head: "container", cell: ({ name }) => name },
  { head: "driver", cell: ({ logDriver }) => logDriver },
  { head: "rotation", cell: rotation },
  { head: "kept", align: "right", cell: ({ logBytes }) => bytes(logBytes) },
  { head: "a minute", align: "right", cell: ({ bytesPerMinute }) => bytes(bytesPerMinute) },
  { head: "matches", cell: ({ matches = {} }) => inWords(matches) },
  {
    head: "burst",
    cell: ({ burst }) =>
      burst === undefined ? MISSING : `${burst.pattern ?? "bytes"} ${ago(burst.since, now())}`,
    tone: ({ burst }) => (burst === undefined ? undefined : "bad"),
  },
  { head: "not scanned", align: "right", cell: notScanned },
];

function rotation({ logDriver, logRotation }: ApiLog): string {
  const { maxSize, maxFile } = logRotation ?? {};
  if (maxSize !== undefined && maxSize !== "-1") return `${maxFile ?? 1} × ${maxSize}`;
  if (logDriver === "json-file") return logRotation === undefined ? "unknown" : "none";
  return MISSING;
}

function inWords(matches: Readonly<Record<string, number>>): string {
  return orDash(
    Object.entries(matches)
      .map(([pattern, count]) => `${pattern} ${count}`)
      .join(", "),
  );
}

function notScanned({ unreadable, notScannedBytes }: ApiLog): string {
  if (unreadable !== undefined) return UNREADABLE[unreadable];
  return notScannedBytes === 0 ? MISSING : bytes(notScannedBytes);
}

const UNREADABLE: Readonly<Record<NonNullable<ApiLog["unreadable"]>, string>> = {
  "no-log": "no log is kept",
  "kept-elsewhere": "kept elsewhere",
  "not-visible": "not visible to the agent",
};
