import { formatDuration } from "@shipkeeper/kit";
import {
  apiObjectiveSchema,
  objectiveStateSchema,
  objectivesQuerySchema,
  type ApiObjective,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter } from "../list-command.ts";
import type { Column, Tone } from "../output/table.ts";
import { ago, MISSING, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addObjectivesCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "objectives",
    description: "how much data would be lost, and how long having it back takes, against what was agreed",
    item: apiObjectiveSchema,
    columns: columns(surroundings),
    filters: [
      hostFilter(),
      ownerFilter(),
      new Option("--state <state>", "only these").choices(objectiveStateSchema.options),
      new Option("--rule <policy/rule>", "only of this rule"),
      new Option("--dataset <id>", "only of this dataset, such as volume:shop-data"),
    ],
    sorts: objectivesQuerySchema.shape.sort.unwrap().options,
  });
}

const TONES: Readonly<Record<ApiObjective["state"], Tone>> = {
  broken: "bad",
  unknown: "bad",
  "at-risk": "bad",
  met: "good",
};

const columns = ({ now }: Surroundings): Column<ApiObjective>[] => [
  { head: "host", cell: (row) => row.host },
  { head: "dataset", cell: (row) => row.dataset },
  { head: "state", cell: (row) => row.state, tone: (row) => TONES[row.state] },
  { head: "would be lost", align: "right", cell: (row) => against(row.rpoActualMs, row.rpoMs) },
  {
    head: "off-site",
    align: "right",
    cell: (row) => (row.offsiteRpoState === undefined ? MISSING : against(row.offsiteRpoActualMs, row.rpoMs)),
  },
  {
    head: "back in",
    align: "right",
    cell: (row) => `${row.rtoMeasured === false ? "about " : ""}${against(row.rtoActualMs, row.rtoMs)}`,
  },
  { head: "worst gap", align: "right", cell: (row) => duration(row.worstGapMs) },
  {
    head: "proven",
    cell: (row) => (row.rung === undefined ? "not at all" : `${row.rung}, ${ago(row.rungAt, now())}`),
    tone: (row) => (row.failed.length > 0 ? "bad" : undefined),
  },
  { head: "owner", cell: (row) => orDash(row.owner) },
];

const duration = (ms: number | undefined): string => (ms === undefined ? MISSING : formatDuration(ms));

/** `12 minutes of 30 minutes`: `unknown` where there is a target and nobody knows, a dash where neither is there. */
function against(actualMs: number | undefined, targetMs: number | undefined): string {
  if (targetMs === undefined) return duration(actualMs);
  return `${actualMs === undefined ? "unknown" : formatDuration(actualMs)} of ${formatDuration(targetMs)}`;
}
