import { formatDuration } from "@shipkeeper/kit";
import { alertsQuerySchema, apiAlertSchema, type ApiAlert } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import {
  declareList,
  hostFilter,
  ownerFilter,
  printJson,
  printList,
  type ListOptions,
} from "../list-command.ts";
import type { Column, Tone } from "../output/table.ts";
import { orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addAlertsCommands(program: Command, surroundings: Surroundings): void {
  const { severity, sort } = alertsQuerySchema.shape;
  const list = {
    name: "alerts",
    description: "what people must know of, the worst first",
    item: apiAlertSchema,
    columns: columnsAt(surroundings.now()),
    filters: [
      new Option("--all", "also those that are resolved"),
      hostFilter(),
      ownerFilter(),
      new Option("--severity <level>", "only of this severity").choices(severity.unwrap().options),
      new Option("--overdue", "only what nobody took on in time"),
    ],
    sorts: sort.unwrap().options,
  };
  const alerts = declareList(program, list).action(({ all, ...options }: ListOptions) =>
    printList(surroundings, list, all === true ? options : { ...options, open: true }),
  );

  alerts
    .command("ack")
    .description("take an alert on: it is not told as overdue any more")
    .argument("<id>", "as the list shows it")
    .option("--note <text>", "what is being done about it")
    .option("--by <name>", "who takes it on; the name of the token where it is left out")
    .option("--json", "print JSON")
    .action(async (id: string, { json, ...body }: { json?: boolean; note?: string; by?: string }) => {
      const path = `alerts/${encodeURIComponent(id)}/acknowledge`;
      const alert = await connectApi(surroundings).post(path, body, apiAlertSchema);
      if (json === true) return printJson(surroundings, alert);
      surroundings.out.write(`${alert.title}: ${stateAt(alert, surroundings.now())}\n`);
    });
}

const TONES: Readonly<Record<ApiAlert["severity"], Tone | undefined>> = {
  critical: "bad",
  high: "bad",
  medium: "warning",
  low: undefined,
};

function columnsAt(now: number): Column<ApiAlert>[] {
  return [
    { head: "severity", cell: (row) => row.severity, tone: (row) => TONES[row.severity] },
    { head: "what", cell: (row) => row.title },
    { head: "why", cell: (row) => row.why },
    { head: "owner", cell: (row) => orDash(row.owner) },
    {
      head: "state",
      cell: (row) => stateAt(row, now),
      tone: (row) => (row.overdue ? "bad" : row.resolvedAt === undefined ? undefined : "quiet"),
    },
    { head: "id", cell: (row) => row.id },
  ];
}

function stateAt({ resolvedAt, acknowledgedBy, dueAt, overdue }: ApiAlert, now: number): string {
  if (resolvedAt !== undefined) return "resolved";
  if (acknowledgedBy !== undefined) return `taken on by ${acknowledgedBy}`;
  return overdue ? `overdue for ${formatDuration(now - dueAt)}` : `${formatDuration(dueAt - now)} left`;
}
