import { printable } from "@shipkeeper/kit";
import {
  apiRunDetailSchema,
  apiRunSchema,
  runsQuerySchema,
  type ApiRun,
  type ApiRunDetail,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import { WrongUsage } from "../exit-codes.ts";
import {
  declareList,
  hostFilter,
  printJson,
  printList,
  type ListCommand,
  type ListOptions,
} from "../list-command.ts";
import { printTable, type Column, type Tone } from "../output/table.ts";
import { bytes, orDash, time } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

const { sort, result } = runsQuerySchema.shape;

export function addRunsCommand(program: Command, surroundings: Surroundings): void {
  declareList(program, RUNS)
    .argument("[id]", "show why each thing was done or left in this run")
    .action(async (id: string | undefined, options: ListOptions) => {
      if (id === undefined) return printList(surroundings, RUNS, options);
      if (!UUID.test(id)) throw new WrongUsage(`${printable(id)} is no run id; shipkeeper runs lists them`);
      const run = await connectApi(surroundings).get(`runs/${id}`, apiRunDetailSchema);
      if (options.json === true) printJson(surroundings, run);
      else printRun(surroundings, run);
    });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const RESULT_TONES: Record<ApiRun["result"], Tone> = { ok: "good", running: "warning", failed: "bad" };

const RUNS: ListCommand<typeof apiRunSchema> = {
  name: "runs",
  description: "what was done, and for one run why each thing was done or left",
  item: apiRunSchema,
  columns: [
    { head: "finished", cell: (run) => time(run.finishedAt) },
    { head: "host", cell: (run) => run.host },
    { head: "action", cell: (run) => run.action },
    { head: "rule", cell: (run) => orDash(run.rule) },
    { head: "result", cell: (run) => run.result, tone: (run) => RESULT_TONES[run.result] },
    { head: "done", align: "right", cell: ({ steps }) => `${steps.done}/${steps.planned}` },
    {
      head: "failed",
      align: "right",
      cell: ({ steps }) => String(steps.failed + steps.unknown),
      tone: ({ steps }) => (steps.failed + steps.unknown > 0 ? "bad" : "quiet"),
    },
    { head: "freed", align: "right", cell: (run) => bytes(run.freedBytes) },
    { head: "id", cell: (run) => run.id, tone: () => "quiet" },
  ],
  filters: [
    hostFilter(),
    new Option("--action <kind>", "only prune, backup, restart, …"),
    new Option("--policy <name>", "only of this policy"),
    new Option("--rule <name>", "only of this rule"),
    new Option("--result <result>", "only that ended like this").choices(result.unwrap().options),
  ],
  sorts: sort.unwrap().options,
};

/** A head line, then every candidate with its verdict: what was left alone matters as much as what was done. */
function printRun({ out }: Surroundings, run: ApiRunDetail): void {
  const { policy, rule, revision, mode, startedAt, finishedAt, freedBytes } = run;
  const by = policy === undefined ? "" : `, policy ${policy} r${revision ?? "?"} (${mode ?? "unknown mode"})`;
  out.write(`${printable(`${run.action} ${rule ?? ""} on ${run.host}${by}`)}\n`);
  const span = `${time(startedAt)} to ${finishedAt === undefined ? "now" : time(finishedAt)}`;
  const freed = freedBytes === undefined ? "" : `, freed ${bytes(freedBytes)}`;
  out.write(`${run.result}, ${span}${freed}\n\n`);

  const steps = new Map(run.outcome?.steps.map((step) => [step.target.id, step]));
  printTable(
    out,
    VERDICT_COLUMNS,
    run.verdicts.map((verdict) => ({ verdict, step: steps.get(verdict.target.id) })),
  );
}

interface VerdictRow {
  readonly verdict: ApiRunDetail["verdicts"][number];
  readonly step: NonNullable<ApiRunDetail["outcome"]>["steps"][number] | undefined;
}

const STATUS_TONES = { done: "good", skipped: "quiet", failed: "bad", unknown: "bad" } as const;

const VERDICT_COLUMNS: readonly Column<VerdictRow>[] = [
  { head: "decision", cell: ({ verdict }) => verdict.decision },
  { head: "what", cell: ({ verdict }) => verdict.target.name },
  { head: "because", cell: ({ verdict }) => verdict.explanation },
  {
    head: "ended",
    cell: ({ step }) => orDash(step?.status),
    tone: ({ step }) => (step === undefined ? "quiet" : STATUS_TONES[step.status]),
  },
  { head: "trouble", cell: ({ step }) => orDash(step?.error ?? step?.why) },
  { head: "owner", cell: ({ verdict }) => orDash(verdict.target.owner) },
];
