import { parseArgs } from "node:util";
import { InvalidInput, errorChain } from "@shipkeeper/kit";
import { ConfigProblem, EXIT_CONFIG, VERSION, createLog, notifyReady, runProgram } from "@shipkeeper/runtime";
import { startAgent } from "./agent.ts";
import { commands, type Command, type Given } from "./commands.ts";
import { readAgentConfig, type AgentConfig } from "./config.ts";
import { runKeeper } from "./keeper/run-keeper.ts";

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
    --drill                  only tries it, beside what this host does, and removes all of it: how long it took, what was lost
  runbook                    prints how this host is rebuilt by hand, with nothing but restic and docker
  pause [--containers PATTERN] --for TIME --reason TEXT
                             healing rests, for all containers or those whose names match; 7 days at most
  resume [--containers PATTERN]
                             healing goes on: ends all pauses, or that of the pattern
  pauses                     the pauses in force
  repositories               where backups go, and how each place is now
  repository init NAME [--recovery-key FILE]
                             makes it where it is not there, and a key that opens it when all else is lost
  repository check NAME      whether it opens, lists and can be written to
  keeper --config KEEPER_FILE [--dry-run] [--json]
                             retention for all hosts, with rights of its own, of repositories that hosts only add to

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
  drill: { type: "boolean" },
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
  if (name === "keeper") return keep(values);
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
  const wrong = command.check(given);
  if (wrong !== undefined) wrongUsage(wrong);
  await toItsEnd((surroundings) => command.run(readConfig(), { ...given, ...surroundings }));
}

/** Has a configuration of its own: it runs where a repository is, and no agent need be there. */
function keep({ config: file, "dry-run": dryRun = false, json = false }: Flags): Promise<void> {
  return toItsEnd((surroundings) => runKeeper({ file, dryRun, json, ...surroundings }));
}

interface Surroundings {
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

async function toItsEnd(work: (surroundings: Surroundings) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  try {
    await work({ print: (line) => process.stdout.write(`${line}\n`), signal: abort.signal });
  } catch (error) {
    const config = error instanceof ConfigProblem;
    process.stderr.write(`${config ? error.problems.join("\n") : errorChain(error)}\n`);
    process.exitCode = config ? EXIT_CONFIG : error instanceof InvalidInput ? EXIT_USAGE : 1;
  }
}

type Flags = ReturnType<typeof readArguments>["values"];

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
