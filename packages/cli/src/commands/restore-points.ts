import { apiRestorePointSchema, restorePointsQuerySchema, type ApiRestorePoint } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter } from "../list-command.ts";
import type { Column } from "../output/table.ts";
import { ago, bytes, shortId, time } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addRestorePointsCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "restore-points",
    description: "what can be restored, and from when it is",
    item: apiRestorePointSchema,
    columns: columns(surroundings),
    filters: [
      hostFilter(),
      new Option("--dataset <id>", "only of this dataset, such as volume:shop-data"),
      new Option("--repository <name>", "only in this repository"),
    ],
    sorts: restorePointsQuerySchema.shape.sort.unwrap().options,
  });
}

const columns = ({ now }: Surroundings): Column<ApiRestorePoint>[] => [
  { head: "host", cell: (point) => point.host },
  { head: "dataset", cell: (point) => point.dataset },
  { head: "taken", cell: (point) => time(point.at) },
  { head: "age", align: "right", cell: (point) => ago(point.at, now()) },
  { head: "size", align: "right", cell: (point) => bytes(point.bytes) },
  { head: "files", align: "right", cell: (point) => String(point.files) },
  { head: "repository", cell: (point) => point.repository },
  { head: "id", cell: (point) => shortId(point.id), tone: () => "quiet" },
];
