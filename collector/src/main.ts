#!/usr/bin/env node
/** `shipkeeper-collector`: reads its configuration and runs until it is told to stop, or looks after its own backups. */
import { parseArgs } from "node:util";
import { errorChain } from "@shipkeeper/kit";
import { ConfigProblem, EXIT_CONFIG, VERSION, createLog, runProgram } from "@shipkeeper/runtime";
import { isOwnCommand, runOwnCommand } from "./backup/own-commands.ts";
import { loadCollectorConfig, startCollector } from "./collector.ts";

const HELP = `Usage: shipkeeper-collector [--config FILE] [COMMAND]

Receives what agents saw and did, keeps it, and answers questions about it.

  backup          back up the collector's own database now; it may run meanwhile
  drill           restore the newest backup to a folder of its own and compare it
  backups         list what can be restored
  restore [ID]    put the newest, or that one, in the place of the database; the collector must not run

  --config FILE   YAML; every key may also be set by a variable, e.g. SHIPKEEPER_DATA_DIR
  --version       print the version
  --help          print this

Keys: listen, publicUrl, dataDir, policyKeys, mail.smtp, mail.from, alerts.mail, reports.schedule, reports.timezone,
backup.to.url, backup.to.passwordFile, backup.to.passwordCredential, backup.to.environmentFile, backup.every,
backup.keepWithin, backup.drillEvery
`;

const options = {
  config: { type: "string" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

function readArguments() {
  try {
    return parseArgs({ options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new ConfigProblem([`${errorChain(error)} (--help tells what is)`]);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const { config: file, help, version } = values;
  if (help === true) return void process.stdout.write(HELP);
  if (version === true) return void process.stdout.write(`shipkeeper-collector ${VERSION}\n`);

  const [command, ...args] = positionals;
  if (command === undefined) {
    const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const readConfig = () => loadCollectorConfig(file, process.env);
    return runProgram(async () =>
      startCollector(readConfig(), { log: createLog("collector"), clock: Date.now, program }),
    );
  }
  if (!isOwnCommand(command))
    throw new ConfigProblem([`there is no command ${command} (--help tells what is)`]);
  await runOwnCommand(command, args, loadCollectorConfig(file, process.env));
}

await main().catch((error: unknown) => {
  const isConfig = error instanceof ConfigProblem;
  process.stderr.write(`${isConfig ? error.problems.join("\n") : errorChain(error)}\n`);
  process.exitCode = isConfig ? EXIT_CONFIG : 1;
});
