/**
 * `shipkeeper`, the operator's command: signs policies with a key that never leaves the operator, and shows what the
 * collector knows. It decides nothing and keeps nothing but the context file.
 */
import { errorChain, printableLines } from "@shipkeeper/kit";
import { ConfigProblem, VERSION } from "@shipkeeper/runtime";
import { Command, CommanderError } from "commander";
import { addAvailabilityCommand } from "./commands/availability.ts";
import { addAlertsCommands } from "./commands/alerts.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addComplianceCommands } from "./commands/compliance.ts";
import { addContainersCommand } from "./commands/containers.ts";
import { addDrillsCommands } from "./commands/drills.ts";
import { addFindingsCommand } from "./commands/findings.ts";
import { addGateCommand } from "./commands/gate.ts";
import { addHealingCommand } from "./commands/healing.ts";
import { addHostsCommand } from "./commands/hosts.ts";
import { addImagesCommand } from "./commands/images.ts";
import { addIncidentsCommand } from "./commands/incidents.ts";
import { addKeyCommands } from "./commands/key.ts";
import { addLogsCommand } from "./commands/logs.ts";
import { addOrdersCommand } from "./commands/orders.ts";
import { addPolicyCommands } from "./commands/policy.ts";
import { addPostMortemsCommand } from "./commands/post-mortems.ts";
import { addRecoverCommand } from "./commands/recover.ts";
import { addReportCommands } from "./commands/report.ts";
import { addRepositoriesCommand } from "./commands/repositories.ts";
import { addRestoreCommand } from "./commands/restore.ts";
import { addRestorePointsCommand } from "./commands/restore-points.ts";
import { addRunsCommand } from "./commands/runs.ts";
import { addTokenCommands } from "./commands/token.ts";
import { addCoverageCommand } from "./commands/coverage.ts";
import { addObjectivesCommand } from "./commands/objectives.ts";
import { addVerificationsCommand } from "./commands/verifications.ts";
import { addVolumesCommand } from "./commands/volumes.ts";
import { EXIT, exitCodeOf, type ExitCode } from "./exit-codes.ts";
import type { Surroundings } from "./surroundings.ts";

export type { Output, Surroundings } from "./surroundings.ts";

/** Runs one command line. Never throws: what went wrong is on `err`, and in the exit code. */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  try {
    await buildProgram(surroundings).parseAsync([...args], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    // Commander has already said what was wrong with the command line; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    surroundings.err.write(printableLines(`${messageOf(error)}\n`));
    return error instanceof ConfigProblem ? EXIT.usage : exitCodeOf(error);
  }
}

const COMMANDS = [
  addHostsCommand,
  addContainersCommand,
  addImagesCommand,
  addVolumesCommand,
  addLogsCommand,
  addRunsCommand,
  addPostMortemsCommand,
  addRepositoriesCommand,
  addRestorePointsCommand,
  addRestoreCommand,
  addRecoverCommand,
  addOrdersCommand,
  addDrillsCommands,
  addCoverageCommand,
  addObjectivesCommand,
  addVerificationsCommand,
  addIncidentsCommand,
  addAvailabilityCommand,
  addHealingCommand,
  addAlertsCommands,
  addFindingsCommand,
  addComplianceCommands,
  addGateCommand,
  addReportCommands,
  addPolicyCommands,
  addTokenCommands,
  addKeyCommands,
  addCompletionCommand,
];

function buildProgram(surroundings: Surroundings): Command {
  const { out, err } = surroundings;
  const program = new Command("shipkeeper")
    .description("keeps a fleet of Docker hosts maintained")
    .version(`shipkeeper ${VERSION}`, "--version", "print the version")
    .exitOverride()
    .showHelpAfterError("(--help tells more)")
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(printableLines(text)),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
    })
    .addHelpText(
      "after",
      `
Which collector, and as whom: SHIPKEEPER_URL and SHIPKEEPER_TOKEN, or url: and token: in
~/.config/shipkeeper/context.yaml (another file: SHIPKEEPER_CONTEXT).

Exit codes: 0 ok, 1 failed, 2 usage, 3 a policy or an image was not let through.`,
    );
  for (const add of COMMANDS) add(program, surroundings);
  return program;
}

/** The gate's message is already one line per reason; everything else is one sentence with its causes. */
const messageOf = (error: unknown): string =>
  error instanceof ConfigProblem ? error.message : errorChain(error);
