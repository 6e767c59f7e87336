import { DAY_MS, formatInstant } from "@shipkeeper/kit";
import {
  scoreScopeSchema,
  scoresPageSchema,
  waiversPageSchema,
  type ApiScore,
  type ApiWaiver,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import { printJson } from "../list-command.ts";
import { printTable, type Column } from "../output/table.ts";
import { MISSING } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addComplianceCommands(program: Command, surroundings: Surroundings): void {
  program
    .command("compliance")
    .description("scores of the fleet, of owners and of hosts, from 0 to 100")
    .addOption(new Option("--scope <scope>", "only of these").choices(scoreScopeSchema.options))
    .option("--name <name>", "only of this owner or host")
    .option("--days <count>", "how far back the history goes", "30")
    .option("--json", "print JSON, with the history of every day")
    .action(async ({ json, ...query }: Options) => {
      const { items } = await connectApi(surroundings).get("compliance", scoresPageSchema, query);
      if (json === true) printJson(surroundings, items);
      else printTable(surroundings.out, SCORE_COLUMNS, items);
    });

  program
    .command("waivers")
    .description("waivers of the policies in force, what they waive, and when they end")
    .option("--json", "print JSON")
    .action(async ({ json }: Pick<Options, "json">) => {
      const { items } = await connectApi(surroundings).get("waivers", waiversPageSchema);
      if (json === true) printJson(surroundings, items);
      else printTable(surroundings.out, WAIVER_COLUMNS, items);
    });
}

interface Options {
  readonly scope?: string;
  readonly name?: string;
  readonly days?: string;
  readonly json?: boolean;
}

const NOBODY = "(nobody)";

const SCORE_COLUMNS: readonly Column<ApiScore>[] = [
  { head: "scope", cell: (row) => row.scope },
  { head: "name", cell: (row) => row.name ?? (row.scope === "owner" ? NOBODY : MISSING) },
  { head: "score", align: "right", cell: (row) => String(row.score ?? MISSING) },
  { head: "7 days ago", align: "right", cell: (row) => daysBefore(row, 7) },
  { head: "first", align: "right", cell: ({ history: [first] }) => String(first?.score ?? MISSING) },
  { head: "findings", align: "right", cell: (row) => String(row.open) },
  { head: "judged", align: "right", cell: (row) => String(row.checked) },
];

/** The score that the day so long before the newest one ended with, or the last one before it. */
function daysBefore({ history }: ApiScore, count: number): string {
  const newest = history.at(-1)?.day ?? 0;
  return String(history.findLast(({ day }) => day <= newest - count * DAY_MS)?.score ?? MISSING);
}

/** Its last days are worth a colour. */
const ENDS_SOON_DAYS = 14;

const WAIVER_COLUMNS: readonly Column<ApiWaiver>[] = [
  { head: "policy", cell: (row) => row.policy },
  { head: "finding", cell: (row) => row.finding },
  {
    head: "match",
    cell: ({ match }) =>
      Object.entries(match)
        .map(([key, pattern]) => `${key} ${pattern}`)
        .join(", "),
  },
  { head: "waives", align: "right", cell: (row) => String(row.waives) },
  {
    head: "until",
    cell: (row) => (row.ended ? "has ended" : formatInstant(row.until)),
    tone: (row) => (row.ended ? "bad" : row.daysLeft < ENDS_SOON_DAYS ? "warning" : undefined),
  },
  { head: "owner", cell: (row) => row.owner },
  { head: "reason", cell: (row) => row.reason },
];
