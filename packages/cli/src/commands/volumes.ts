import { apiVolumeSchema, volumesQuerySchema, type ApiVolume } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter, searchFilter, unownedFilter } from "../list-command.ts";
import type { Column } from "../output/table.ts";
import { ago, bytes, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addVolumesCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "volumes",
    description: "every volume, and when it was last backed up",
    item: apiVolumeSchema,
    columns: columns(surroundings),
    filters: [
      hostFilter(),
      ownerFilter(),
      unownedFilter(),
      new Option("--used <yes>", "only those that a container refers to, or not").choices(["true", "false"]),
      new Option("--backed-up <yes>", "only those with a restore point, or without").choices([
        "true",
        "false",
      ]),
      searchFilter(),
    ],
    sorts: volumesQuerySchema.shape.sort.unwrap().options,
  });
}

const columns = ({ now }: Surroundings): Column<ApiVolume>[] => [
  { head: "host", cell: (volume) => volume.host },
  { head: "volume", cell: (volume) => volume.name },
  { head: "size", align: "right", cell: (volume) => bytes(volume.sizeBytes) },
  { head: "used by", align: "right", cell: (volume) => String(volume.users.length) },
  {
    head: "last backup",
    cell: (volume) => ago(volume.lastRestorePointAt, now()),
    tone: (volume) =>
      volume.lastRestorePointAt === undefined && volume.users.length > 0 && !volume.anonymous
        ? "warning"
        : undefined,
  },
  { head: "driver", cell: (volume) => volume.driver, tone: () => "quiet" },
  { head: "owner", cell: (volume) => orDash(volume.owner) },
];
