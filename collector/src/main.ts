#!/usr/bin/env node
/** `shipkeeper-collector`: reads its configuration and runs until it is told to stop. */
import { parseArgs } from "node:util";
import { errorChain } from "@shipkeeper/kit";
import { ConfigProblem, VERSION, createLog, runProgram } from "@shipkeeper/runtime";
import { loadCollectorConfig, startCollector } from "./collector.ts";

const HELP = `Usage: shipkeeper-collector [--config FILE]

Receives what agents saw and did, keeps it, and answers questions about it.

  --config FILE   YAML; every key may also be set by a variable, e.g. SHIPKEEPER_DATA_DIR
  --version       print the version
  --help          print this

Keys: listen, publicUrl, dataDir, policyKeys, mail.smtp, mail.from, reports.schedule, reports.timezone
`;

const options = {
  config: { type: "string" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

function readArguments() {
  try {
    return parseArgs({ options, strict: true }).values;
  } catch (error) {
    throw new ConfigProblem([`${errorChain(error)} (--help tells what is)`]);
  }
}

await runProgram(async () => {
  const { config: file, help, version } = readArguments();
  if (help === true || version === true) {
    process.stdout.write(help === true ? HELP : `shipkeeper-collector ${VERSION}\n`);
    process.exit(0);
  }
  const config = loadCollectorConfig(file, process.env);
  return startCollector(config, { log: createLog("collector"), clock: Date.now });
});
