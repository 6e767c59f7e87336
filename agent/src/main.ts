import { parseArgs } from "node:util";
import { InvalidInput, errorChain } from "@shipkeeper/kit";
import { ConfigProblem, EXIT_CONFIG, VERSION, createLog, notifyReady, runProgram } from "@shipkeeper/runtime";
import { startAgent } from "./agent.ts";
import { commands, type Command, type Given } from "./commands.ts";
import { readAgentConfig, type AgentConfig } from "./config.ts";

const USAGE = `usage: shipkeeper-agent --config FILE [COMMAND]

  run                        keeps this host and reports to its collector (the default)
  status                     what this host is, which policy it holds, what waits to be shipped
  restore-points             lists what can be restored on this host
  restore RESTORE_POINT | --dataset DATASET [--at TIME] [--host HOST_ID]
    --into NEW_VOLUME        restores into a new volume; no running agent and no collector is needed
    --to PATH                into a folder that is not there or is empty; a dump into a file
    --in-place               over what is there: saved first, exchanged with its containers stopped, kept for a week
    [--files PATH]…          with --into or --to: only this file or folder, as its path is in the volume
  restore --undo ID          puts back what a restore in place replaced
  recover --from REPOSITORY --host ID_OR_NAME [--at TIME] [--dry-run] [--recovery-key FILE]
                             rebuilds a lost host on this one; run again, it goes on
  runbook                    prints how this host is rebuilt by hand, with nothing but restic and docker
  pause [--containers PATTERN] --for TIME --reason TEXT
                             healing rests, for all containers or those whose names match; 7 days at most
  resume [--containers PATTERN]
                             healing goes on: ends all pauses, or that of the pattern
  pauses                     the pauses in force

  --config FILE              YAML; SHIPKEEPER_* variables override it
  --collector URL            overrides the configuration
  --token TOKEN              enrolment token, from \`shipkeeper token create\`
  --repository NAME          looks in this repository only
  --json                     one JSON object a line, for programs
  --uncontained              restores although this host cannot shut restic off from everything but the target
  --help, --version
`;

const EXIT_USAGE = 2;

const OPTIONS = {
  config: { type: "string" },
  collector: { type: "string" },
  token: { type: "string" },
  repository: { type: "string" },
  into: { type: "string" },
  from: { type: "string" },
  "dry-run": { type: "boolean" },
  "recovery-key": { type: "string" },
  to: { type: "string" },
  "in-place": { type: "boolean" },
  files: { type: "string", multiple: true },
  dataset: { type: "string" },
  at: { type: "string" },
  host: { type: "string" },
  undo: { type: "string" },
  json: { type: "boolean" },
  uncontained: { type: "boolean" },
  containers: { type: "string" },
  for: { type: "string" },
  reason: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

await main(process.argv.slice(2));

async function main(argv: string[]): Promise<void> {
  const { values, positionals } = readArguments(argv);
  if (values.help === true) return void process.stdout.write(USAGE);
  if (values.version === true) return void process.stdout.write(`shipkeeper-agent ${VERSION}\n`);

  const { collector, token, "in-place": inPlace, ...flags } = values;
  const readConfig = () =>
    readAgentConfig({
      file: values.config,
      environment: process.env,
      flags: { collector, token },
    });
  const [name = "run", ...args] = positionals;
  if (name === "run") return runAgent(readConfig);
  const command = commands[name];
  if (command === undefined) wrongUsage(`there is no command ${name}`);
  await runCommand(command, readConfig, { args, inPlace, ...flags });
}

function runAgent(readConfig: () => AgentConfig): Promise<void> {
  return runProgram(async () => {
    const config = readConfig();
    const log = createLog("shipkeeper-agent");
    const agent = await startAgent(config, { log, clock: Date.now });
    notifyReady(log);
    return agent;
  });
}

async function runCommand(command: Command, readConfig: () => AgentConfig, given: Given): Promise<void> {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  try {
    const wrong = command.check(given);
    if (wrong !== undefined) wrongUsage(wrong);
    const print = (line: string) => process.stdout.write(`${line}\n`);
    await command.run(readConfig(), { ...given, print, signal: abort.signal });
  } catch (error) {
    const config = error instanceof ConfigProblem;
    process.stderr.write(`${config ? error.problems.join("\n") : errorChain(error)}\n`);
    process.exitCode = config ? EXIT_CONFIG : error instanceof InvalidInput ? EXIT_USAGE : 1;
  }
}

function readArguments(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return wrongUsage(errorChain(error));
  }
}

function wrongUsage(why: string): never {
  process.stderr.write(`${why}\n\n${USAGE}`);
  process.exit(EXIT_USAGE);
}
