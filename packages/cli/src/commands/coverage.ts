import {
  apiCoverageSchema,
  coverageQuerySchema,
  coverageStateSchema,
  type ApiCoverage,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter, type ListCommand } from "../list-command.ts";
import type { Tone } from "../output/table.ts";
import { orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addCoverageCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, COVERAGE);
}

const TONES: Partial<Record<ApiCoverage["state"], Tone>> = { covered: "good", uncovered: "bad" };

const COVERAGE: ListCommand<typeof apiCoverageSchema> = {
  name: "coverage",
  description: "which volumes and folders are backed up, which are not, and why",
  item: apiCoverageSchema,
  columns: [
    { head: "host", cell: (row) => row.host },
    { head: "dataset", cell: (row) => row.dataset },
    { head: "state", cell: (row) => row.state, tone: (row) => TONES[row.state] },
    { head: "used by", cell: (row) => orDash(row.users.join(", ")) },
    { head: "owner", cell: (row) => orDash(row.owner) },
    { head: "why", cell: (row) => row.says },
  ],
  filters: [
    hostFilter(),
    ownerFilter(),
    new Option("--state <state>", "only these").choices(coverageStateSchema.options),
    new Option("--dataset <id>", "only this one, such as volume:shop-data"),
  ],
  sorts: coverageQuerySchema.shape.sort.unwrap().options,
};
