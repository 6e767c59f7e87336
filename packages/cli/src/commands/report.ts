import { writeFileSync } from "node:fs";
import { printableLines } from "@shipkeeper/kit";
import { fleetReportQuerySchema, sendReportsReplySchema } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import type { Surroundings } from "../surroundings.ts";

export function addReportCommands(program: Command, surroundings: Surroundings): void {
  const report = program.command("report").description("the fleet report");

  report
    .command("fleet")
    .description("print the fleet report, or write it to a file")
    .addOption(new Option("--format <format>", "how").choices(FORMATS).default("text"))
    .option("--json", "the same as --format json")
    .option("--owner <name>", "only what this owner answers for")
    .option("-o, --output <file>", "write to this file")
    .action(async (options: { format: string; json?: boolean; owner?: string; output?: string }) => {
      const format = options.json === true ? "json" : options.format;
      const text = await connectApi(surroundings).getText("reports/fleet", { format, owner: options.owner });
      if (options.output === undefined) surroundings.out.write(forStandardOutput(text, surroundings));
      else writeFileSync(options.output, text);
    });

  report
    .command("send")
    .description("mail the report now, to every owner with an address or to one")
    .option("--to <owner>", "only to this owner")
    .action(async ({ to }: { to?: string }) => {
      const { queued } = await connectApi(surroundings).post(
        "reports/send",
        to === undefined ? {} : { to },
        sendReportsReplySchema,
      );
      for (const { owner, mail } of queued)
        surroundings.out.write(printableLines(`queued for ${owner} <${mail}>\n`));
      if (queued.length === 0)
        surroundings.out.write("nobody to send to: no owner has a mail address in the policy\n");
    });
}

const FORMATS = fleetReportQuerySchema.shape.format.unwrap().options;

/** The collector already made the report harmless; a terminal still trusts only what was checked on this side. */
export function forStandardOutput(text: string, { out }: Surroundings): string {
  const whole = text.endsWith("\n") ? text : `${text}\n`;
  return out.isTerminal ? printableLines(whole) : whole;
}
