import { formatDuration } from "@shipkeeper/kit";
import {
  apiHealingSchema,
  HEALING_STRETCHES,
  healingInWords,
  type ApiHealing,
  type FlappingContainer,
  type HealingGroup,
  type HealingTimes,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import { hostFilter, ownerFilter, printJson } from "../list-command.ts";
import { printTable, type Column } from "../output/table.ts";
import { MISSING, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

interface Options {
  readonly days?: string;
  readonly host?: string;
  readonly owner?: string;
  readonly json?: boolean;
}

export function addHealingCommand(program: Command, surroundings: Surroundings): void {
  program
    .command("healing")
    .description("how fast sickness was seen and mended, how often, and of what")
    .addOption(new Option("--days <count>", "how far back").default("30"))
    .addOption(hostFilter())
    .addOption(ownerFilter())
    .option("--json", "print JSON")
    .action(async ({ json, ...query }: Options) => {
      const healing = await connectApi(surroundings).get("healing", apiHealingSchema, query);
      if (json === true) printJson(surroundings, healing);
      else printHealing(surroundings, healing);
    });
}

function printHealing({ out }: Surroundings, healing: ApiHealing): void {
  const { times, byImage, byOwner, flapping } = healing;
  out.write(`${healingInWords(healing)}\n`);
  if (healing.incidents === 0) return;
  const rows = HEALING_STRETCHES.map(([stretch, name]) => ({ name, ...times[stretch] }));
  out.write("\n");
  printTable(out, TIME_COLUMNS, rows);
  out.write("\n");
  printTable(out, groupColumns("image"), byImage);
  out.write("\n");
  printTable(out, groupColumns("owner"), byOwner);
  if (flapping.length === 0) return;
  out.write("\n");
  printTable(out, FLAPPING_COLUMNS, flapping);
}

const duration = (ms: number | undefined): string => (ms === undefined ? MISSING : formatDuration(ms));

const TIME_COLUMNS: readonly Column<HealingTimes & { name: string }>[] = [
  { head: "time", cell: (row) => row.name },
  { head: "median", align: "right", cell: (row) => duration(row.medianMs) },
  { head: "95 %", align: "right", cell: (row) => duration(row.p95Ms) },
  { head: "longest", align: "right", cell: (row) => duration(row.maxMs) },
  { head: "of", align: "right", cell: (row) => String(row.count) },
];

const groupColumns = (head: string): readonly Column<HealingGroup>[] => [
  { head, cell: (row) => orDash(row.name) },
  { head: "incidents", align: "right", cell: (row) => String(row.incidents) },
  { head: "orders", align: "right", cell: (row) => String(row.heals) },
  { head: "healed", align: "right", cell: (row) => String(row.healed) },
  { head: "by itself", align: "right", cell: (row) => String(row.recovered) },
  { head: "people called", align: "right", cell: (row) => String(row.handedOver) },
];

const FLAPPING_COLUMNS: readonly Column<FlappingContainer>[] = [
  { head: "again and again", cell: (row) => row.name },
  { head: "host", cell: (row) => row.host },
  { head: "owner", cell: (row) => orDash(row.owner) },
  { head: "incidents", align: "right", cell: (row) => String(row.incidents) },
  { head: "orders", align: "right", cell: (row) => String(row.heals) },
];
