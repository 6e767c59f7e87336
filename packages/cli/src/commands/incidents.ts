import { formatDuration } from "@shipkeeper/kit";
import { incidentLastsMs } from "@shipkeeper/policy";
import { apiIncidentSchema, incidentsQuerySchema, type ApiIncident } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter } from "../list-command.ts";
import type { Column } from "../output/table.ts";
import { orDash, time } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addIncidentsCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "incidents",
    description: "what fell ill on the hosts and what became of it, newest first",
    item: apiIncidentSchema,
    columns: columnsAt(surroundings.now()),
    filters: [
      hostFilter(),
      ownerFilter(),
      new Option("--container <name>", "only of this container, by its name or id"),
      new Option("--image <name>", "only of containers of this image, by its name or id"),
      new Option("--open", "only what is not over"),
      new Option("--handed-over", "only what was left to people"),
    ],
    sorts: incidentsQuerySchema.shape.sort.unwrap().options,
  });
}

function columnsAt(now: number): Column<ApiIncident>[] {
  return [
    { head: "since", cell: (row) => time(row.sickAt) },
    { head: "host", cell: (row) => row.host },
    { head: "what", cell: (row) => row.name },
    { head: "cause", cell: (row) => row.cause },
    { head: "owner", cell: (row) => orDash(row.owner) },
    { head: "with", cell: (row) => String(row.members.length) },
    { head: "heals", cell: (row) => String(row.heals) },
    { head: "lasts", cell: (row) => formatDuration(incidentLastsMs(row, now)) },
    { head: "state", cell: stateOf, tone: (row) => (row.closedAt === undefined ? "bad" : "quiet") },
    { head: "id", cell: (row) => row.id },
  ];
}

function stateOf({ ended, handedOverAt }: ApiIncident): string {
  const forPeople = handedOverAt === undefined ? "" : ", for people";
  return `${ended ?? "open"}${forPeople}`;
}
