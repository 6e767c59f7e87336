import { apiFindingSchema, findingsQuerySchema, type ApiFinding } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter, searchFilter, unownedFilter } from "../list-command.ts";
import type { Column, Tone } from "../output/table.ts";
import { ago, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addFindingsCommand(program: Command, surroundings: Surroundings): void {
  const { severity, state, subject, sort } = findingsQuerySchema.shape;
  addListCommand(program, surroundings, {
    name: "findings",
    description: "what should not be so on the hosts, the worst first",
    item: apiFindingSchema,
    columns: columnsAt(surroundings.now()),
    filters: [
      hostFilter(),
      ownerFilter(),
      unownedFilter(),
      new Option("--check <code>", "only of this check, such as image-too-old"),
      new Option("--severity <level>", "only of this severity").choices(severity.unwrap().options),
      new Option("--state <state>", "open unless this says otherwise").choices(state.unwrap().options),
      new Option("--subject <type>", "only about things of this type").choices(subject.unwrap().options),
      searchFilter(),
    ],
    sorts: sort.unwrap().options,
  });
}

const TONES: Readonly<Record<ApiFinding["severity"], Tone | undefined>> = {
  critical: "bad",
  high: "bad",
  medium: "warning",
  low: undefined,
};

function columnsAt(now: number): Column<ApiFinding>[] {
  return [
    { head: "severity", cell: (row) => row.severity, tone: (row) => TONES[row.severity] },
    { head: "check", cell: (row) => row.check },
    { head: "host", cell: (row) => row.host },
    { head: "name", cell: (row) => row.name },
    { head: "why", cell: (row) => row.says },
    { head: "owner", cell: (row) => orDash(row.owner) },
    { head: "since", cell: (row) => ago(row.firstSeenAt, now) },
    {
      head: "state",
      cell: (row) => row.state,
      tone: (row) => (row.state === "open" ? undefined : "quiet"),
    },
  ];
}
