import { apiRepositorySchema, repositoriesQuerySchema, type ApiRepository } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter } from "../list-command.ts";
import type { Column } from "../output/table.ts";
import { ago, bytes } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addRepositoriesCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "repositories",
    description: "where hosts keep their backups, and what is wrong with it",
    item: apiRepositorySchema,
    columns: columns(surroundings),
    filters: [
      hostFilter(),
      new Option("--repository <name>", "only of this name"),
      new Option("--problem", "only where something is wrong"),
    ],
    sorts: repositoriesQuerySchema.shape.sort.unwrap().options,
  });
}

const columns = ({ now }: Surroundings): Column<ApiRepository>[] => [
  { head: "host", cell: (one) => one.host },
  { head: "repository", cell: (one) => one.name },
  { head: "kind", cell: kindOf },
  { head: "size", align: "right", cell: (one) => (one.bytes === undefined ? "-" : bytes(one.bytes)) },
  {
    head: "last used",
    align: "right",
    cell: (one) => (one.lastOkAt === undefined ? "never" : ago(one.lastOkAt, now())),
  },
  { head: "recovery key", cell: (one) => (one.recoveryKey ? "yes" : "no") },
  {
    head: "state",
    cell: (one) => (one.problem === undefined ? "good" : one.problem.message),
    tone: (one) => (one.problem === undefined ? "good" : "bad"),
  },
];

/** `sftp, off-site, append-only` */
function kindOf({ backEnd, offsite, appendOnly }: ApiRepository): string {
  return [backEnd, ...(offsite ? ["off-site"] : []), ...(appendOnly ? ["append-only"] : [])].join(", ");
}
