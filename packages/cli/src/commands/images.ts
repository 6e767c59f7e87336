import { DAY_MS } from "@shipkeeper/kit";
import { apiImageSchema, imagesQuerySchema, type ApiImage } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter, searchFilter, unownedFilter } from "../list-command.ts";
import type { Column } from "../output/table.ts";
import { ageInDays, bytes, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

/** From here on an image's age is worth a colour. */
const OLD_MS = 180 * DAY_MS;

export function addImagesCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "images",
    description: "what every host's image cache holds, and how old it is",
    item: apiImageSchema,
    columns: COLUMNS,
    filters: [
      hostFilter(),
      ownerFilter(),
      unownedFilter(),
      new Option("--used <yes>", "only those that a container refers to, or not").choices(["true", "false"]),
      new Option("--dangling <yes>", "only those without a tag, or with one").choices(["true", "false"]),
      searchFilter(),
    ],
    sorts: imagesQuerySchema.shape.sort.unwrap().options,
  });
}

const COLUMNS: readonly Column<ApiImage>[] = [
  { head: "host", cell: (image) => image.host },
  { head: "image", cell: (image) => image.name },
  {
    head: "age",
    align: "right",
    cell: (image) => ageInDays(image.ageMs),
    tone: ({ ageMs }) => (ageMs === undefined ? "quiet" : ageMs > OLD_MS ? "warning" : undefined),
  },
  { head: "size", align: "right", cell: (image) => bytes(image.sizeBytes) },
  { head: "used by", align: "right", cell: (image) => String(image.usedBy) },
  {
    head: "unused for",
    align: "right",
    cell: (image) => (image.usedBy > 0 ? "-" : ageInDays(image.unusedForMs)),
  },
  { head: "base", cell: (image) => orDash(image.base?.name), tone: () => "quiet" },
  { head: "owner", cell: (image) => orDash(image.owner) },
];
