import { apiGateSchema, type ApiGate } from "@shipkeeper/protocol";
import type { Command } from "commander";
import { connectApi } from "../api.ts";
import { PolicyGateClosed } from "../exit-codes.ts";
import { printJson } from "../list-command.ts";
import { printTable, type Column, type Tone } from "../output/table.ts";
import { orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

type GateRule = ApiGate["rules"][number];

/** For pipelines: ends with 3 where the image may not be run. */
export function addGateCommand(program: Command, surroundings: Surroundings): void {
  program
    .command("gate")
    .description("ask whether an image may be run, by the policies in force (exit 3: it may not)")
    .argument("<image>", "a tag, a digest or an id")
    .option("--policy <name>", "only by the rules of this policy")
    .option(
      "--labels <labels>",
      "only by policies for hosts with these labels: environment=production,ring=all",
    )
    .option("--allow-unknown", "let pass what cannot be judged, e.g. because no host has the image yet")
    .option("--json", "print JSON")
    .action(async (image: string, { json, allowUnknown, ...query }: Options) => {
      const answer = await connectApi(surroundings).get("gate", apiGateSchema, {
        image,
        ...query,
        allowUnknown: allowUnknown === true ? "true" : undefined,
      });
      if (json === true) printJson(surroundings, answer);
      else printTable(surroundings.out, COLUMNS, answer.rules);
      if (!answer.allowed) throw new PolicyGateClosed([`${image} ${answer.why}`]);
      if (json !== true) surroundings.err.write(`${answer.image} ${answer.why}\n`);
    });
}

interface Options {
  readonly policy?: string;
  readonly labels?: string;
  readonly allowUnknown?: boolean;
  readonly json?: boolean;
}

const TONES: Readonly<Record<GateRule["verdict"], Tone>> = {
  allowed: "good",
  waived: "warning",
  refused: "bad",
  unknown: "warning",
};

const COLUMNS: readonly Column<GateRule>[] = [
  { head: "verdict", cell: (row) => row.verdict, tone: (row) => TONES[row.verdict] },
  { head: "policy", cell: (row) => row.policy },
  { head: "check", cell: (row) => row.check },
  { head: "why", cell: (row) => orDash(row.says) },
];
