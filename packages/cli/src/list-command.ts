/** What every list of the command line has in common: filters that the collector applies, an order, three outputs. */
import { Option, type Command } from "commander";
import type * as z from "zod";
import { connectApi } from "./api.ts";
import { printTable, type Column } from "./output/table.ts";
import type { Surroundings } from "./surroundings.ts";

export interface ListCommand<Item extends z.ZodType> {
  /** Also the list's path in the API. */
  readonly name: string;
  readonly description: string;
  readonly item: Item;
  readonly columns: readonly Column<z.output<Item>>[];
  /** Named as the API's query parameters are. */
  readonly filters: readonly Option[];
  readonly sorts: readonly string[];
}

export function addListCommand<Item extends z.ZodType>(
  program: Command,
  surroundings: Surroundings,
  list: ListCommand<Item>,
): void {
  declareList(program, list).action((options: ListOptions) => printList(surroundings, list, options));
}

/** The command with its filters, and without anything that it does. */
export function declareList<Item extends z.ZodType>(program: Command, list: ListCommand<Item>): Command {
  const command = program
    .command(list.name)
    .description(list.description)
    .addOption(new Option("--sort <key>", "order; - in front: largest first").choices(list.sorts))
    .option("--json", "print JSON");
  for (const filter of list.filters) command.addOption(filter);
  return command;
}

export interface ListOptions extends Readonly<Record<string, string | boolean | undefined>> {
  readonly json?: boolean;
}

export async function printList<Item extends z.ZodType>(
  surroundings: Surroundings,
  { name, item, columns }: ListCommand<Item>,
  { json, ...filters }: ListOptions,
): Promise<void> {
  const query = Object.fromEntries(Object.entries(filters).map(([key, value]) => [key, String(value)]));
  const items = await connectApi(surroundings).list(name, item, query);
  if (json === true) printJson(surroundings, items);
  else printTable(surroundings.out, columns, items);
}

/** JSON escapes control characters by itself, so hostile names stay harmless. */
export function printJson({ out }: Surroundings, value: unknown): void {
  out.write(`${JSON.stringify(value, null, 2)}\n`);
}

export const hostFilter = () => new Option("--host <name>", "only of this host");
export const ownerFilter = () => new Option("--owner <name>", "only what this owner answers for");
export const unownedFilter = () => new Option("--unowned", "only what nobody answers for").conflicts("owner");
export const searchFilter = () => new Option("--search <text>", "only where the name contains this");
