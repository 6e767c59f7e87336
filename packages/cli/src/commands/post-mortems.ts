import { writeFileSync } from "node:fs";
import { printable } from "@shipkeeper/kit";
import {
  apiPostMortemDetailSchema,
  apiPostMortemSchema,
  postMortemFormatSchema,
  postMortemsQuerySchema,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import { WrongUsage } from "../exit-codes.ts";
import {
  declareList,
  hostFilter,
  ownerFilter,
  printJson,
  printList,
  type ListCommand,
  type ListOptions,
} from "../list-command.ts";
import { orDash, time } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";
import { forStandardOutput } from "./report.ts";

const { sort, trigger } = postMortemsQuerySchema.shape;
const FORMATS = postMortemFormatSchema.shape.format.unwrap().options;

export function addPostMortemsCommand(program: Command, surroundings: Surroundings): void {
  declareList(program, POST_MORTEMS)
    .argument("[id]", "tell what happened there in plain words, with all that was seen")
    .addOption(new Option("--format <format>", "of one post-mortem").choices(FORMATS).default("text"))
    .option("-o, --output <file>", "write one post-mortem to this file")
    .action(async (id: string | undefined, { format, output, ...options }: ListOptions) => {
      if (id === undefined) return printList(surroundings, POST_MORTEMS, options);
      if (!/^[\w-]{1,64}$/.test(id))
        throw new WrongUsage(
          `${printable(id)} is no id of a post-mortem; shipkeeper post-mortems lists them`,
        );
      const api = connectApi(surroundings);
      const path = `post-mortems/${id}`;
      if (options.json === true && output === undefined)
        return printJson(surroundings, await api.get(path, apiPostMortemDetailSchema));
      const text = await api.getText(path, { format: options.json === true ? "json" : String(format) });
      if (output === undefined) surroundings.out.write(forStandardOutput(text, surroundings));
      else writeFileSync(String(output), text);
    });
}

const POST_MORTEMS: ListCommand<typeof apiPostMortemSchema> = {
  name: "post-mortems",
  description: "what was to be seen of containers before a restart or after an unexpected end",
  item: apiPostMortemSchema,
  columns: [
    { head: "at", cell: ({ at }) => time(at) },
    { head: "host", cell: ({ host }) => host },
    { head: "container", cell: ({ container }) => container.name },
    { head: "image", cell: ({ container }) => container.image },
    { head: "because", cell: ({ trigger, sign }) => sign ?? trigger },
    {
      head: "exit",
      align: "right",
      cell: ({ exitCode, outOfMemory }) => (outOfMemory ? "out of memory" : orDash(exitCode?.toString())),
      tone: ({ outOfMemory }) => (outOfMemory ? "bad" : undefined),
    },
    { head: "owner", cell: ({ owner }) => orDash(owner) },
    { head: "id", cell: ({ id }) => id, tone: () => "quiet" },
  ],
  filters: [
    hostFilter(),
    new Option("--container <name>", "only of this container, by name, id or identity"),
    new Option("--image <name>", "only of containers of this image"),
    ownerFilter(),
    new Option("--trigger <trigger>", "only with this reason").choices(trigger.unwrap().options),
    new Option("--sign <sign>", "only with this diagnosis"),
    new Option("--run <id>", "only before steps of this run"),
    new Option("--incident <id>", "only of this incident"),
    new Option("--search <words>", "only with these words in log, health outputs, events or names"),
  ],
  sorts: sort.unwrap().options,
};
