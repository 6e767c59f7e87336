/** Orders that healing rests on this host, for a while, and ends such an order. */
import { InvalidInput, formatDuration, parseDuration, patternProblem } from "@shipkeeper/kit";
import { join } from "node:path";
import type { Command, Given } from "./commands.ts";
import type { AgentConfig } from "./config.ts";
import {
  describePause,
  LONGEST_PAUSE_MS,
  LONGEST_REASON,
  PAUSES_FILE,
  pausesFile,
  withoutPause,
  withPause,
  writePauses,
  type OrderedPause,
} from "./pauses-file.ts";

const noArguments = ({ args }: Given) =>
  args.length === 0 ? undefined : `${args[0]} is not understood here; containers are named by --containers`;

const badPattern = ({ containers }: Given) => {
  const problem = containers === undefined ? undefined : patternProblem(containers);
  return problem === undefined ? undefined : `--containers: ${problem}`;
};

const pause: Command = {
  check(given) {
    const forMs = parseDuration(given.for ?? "");
    if (forMs === undefined || forMs === 0) return "pause needs --for with a time such as 30m, 2h or 1d";
    if (forMs > LONGEST_PAUSE_MS) return `a pause lasts ${formatDuration(LONGEST_PAUSE_MS)} at most`;
    if ((given.reason ?? "").trim() === "") return "pause needs --reason: others will ask why";
    if ((given.reason ?? "").length > LONGEST_REASON)
      return `a reason has ${LONGEST_REASON} characters at most`;
    return noArguments(given) ?? badPattern(given);
  },
  async run(config, { containers, reason = "", for: length = "", print }) {
    const since = Date.now();
    const until = since + (parseDuration(length) ?? 0);
    const ordered = { ...(containers !== undefined && { containers }), since, until, reason: reason.trim() };
    writePauses(fileOf(config), withPause(heldPauses(config), ordered));
    print(`healing rests for ${describePause(ordered)}`);
  },
};

const resume: Command = {
  check: (given) => noArguments(given) ?? badPattern(given),
  async run(config, { containers, print }) {
    const pauses = heldPauses(config);
    const left = containers === undefined ? [] : withoutPause(pauses, containers);
    for (const ended of pauses.filter((one) => !left.includes(one))) print(`ended: ${describePause(ended)}`);
    if (left.length === pauses.length) return print("there is no such pause");
    writePauses(fileOf(config), left);
  },
};

const pauses: Command = {
  check: noArguments,
  async run(config, { print }) {
    const held = heldPauses(config);
    for (const one of held) print(describePause(one));
    if (held.length === 0) print("healing is not paused");
  },
};

export const pauseCommands = { pause, resume, pauses } satisfies Record<string, Command>;

function fileOf({ stateDir }: AgentConfig): string {
  return join(stateDir, PAUSES_FILE);
}

function heldPauses(config: AgentConfig): readonly OrderedPause[] {
  const { pauses, problem } = pausesFile(fileOf(config))(Date.now());
  if (problem === undefined) return pauses;
  throw new InvalidInput(`${problem}; healing rests until the file is mended or removed`, []);
}
