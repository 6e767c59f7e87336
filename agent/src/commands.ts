/** What an operator does on the host itself. None of it needs a running agent, an engine's goodwill excepted, or a collector. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { errorChain, formatBytes, formatInstant } from "@shipkeeper/kit";
import type { AgentConfig } from "./config.ts";
import { readIdentity } from "./enrol/identity.ts";
import { inspectOutbox } from "./outbox/accounts.ts";
import { loadHeldBundle } from "./policy-sync/policy-file.ts";
import { pauseCommands } from "./pause-commands.ts";
import { describePause, PAUSES_FILE, pausesFile } from "./pauses-file.ts";
import { readRecoveryKeys } from "./repositories/recovery-keys.ts";
import { repositoryCommands } from "./repository-commands.ts";
import { restoreCommands } from "./restore-commands.ts";
import { recoveryCommands } from "./recovery-commands.ts";
import { guardrailsFile } from "./steward/guardrails-file.ts";

export interface Given {
  readonly args: readonly string[];
  readonly containers?: string | undefined;
  readonly for?: string | undefined;
  readonly reason?: string | undefined;
  readonly repository?: string | undefined;
  readonly into?: string | undefined;
  readonly to?: string | undefined;
  readonly inPlace?: boolean | undefined;
  readonly files?: readonly string[] | undefined;
  readonly dataset?: string | undefined;
  readonly at?: string | undefined;
  readonly host?: string | undefined;
  readonly undo?: string | undefined;
  readonly from?: string | undefined;
  readonly "dry-run"?: boolean | undefined;
  readonly drill?: boolean | undefined;
  readonly "recovery-key"?: string | undefined;
  readonly uncontained?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface Command {
  /** What is wrong with the way it was called, before anything is read. */
  check(given: Given): string | undefined;
  run(
    config: AgentConfig,
    context: Given & { readonly print: (line: string) => void; readonly signal: AbortSignal },
  ): Promise<void>;
}

const takesNothing = ({ args }: Given) =>
  args.length === 0 ? undefined : `${args[0]} is not understood here`;

const status: Command = {
  check: takesNothing,
  async run(config, { print }) {
    for (const [name, text] of describeAgent(config)) print(`${name.padEnd(14)}${text}`);
  },
};

export const commands: Readonly<Record<string, Command>> = {
  status,
  ...restoreCommands,
  ...pauseCommands,
  ...repositoryCommands,
  ...recoveryCommands,
};

/** Each line by itself, so that what cannot be read hides nothing else. */
function describeAgent(config: AgentConfig): [name: string, text: string][] {
  const { stateDir } = config;
  const lines: [string, () => string][] = [
    ["collector", () => config.collector.href],
    ["host", () => describeHost(stateDir)],
    ["policy", () => describePolicy(stateDir)],
    ["guardrails", () => describeGuardrails(config.guardrails)],
    ["healing", () => describePauses(stateDir)],
    ["outbox", () => describeOutbox(stateDir)],
    ["repositories", () => describeRepositories(config)],
  ];
  return lines.map(([name, describe]) => {
    try {
      return [name, describe()];
    } catch (error) {
      return [name, `not readable: ${errorChain(error)}`];
    }
  });
}

function describeHost(stateDir: string): string {
  const identity = readIdentity(stateDir);
  if (identity === undefined) return "not enrolled";
  return `${identity.hostId}, enrolled ${formatInstant(identity.enrolledAt)}`;
}

function describePolicy(stateDir: string): string {
  const policyKeys = readIdentity(stateDir)?.policyKeys ?? [];
  const held = loadHeldBundle(join(stateDir, "policy.json"), policyKeys);
  if (held === undefined)
    return policyKeys.length === 0 ? "none, and no key is trusted to sign one" : "none yet";
  const { revision, expiresAt, policies } = held.bundle;
  const names = policies.map(({ name }) => name).join(", ");
  return `revision ${revision} (${names}), valid until ${formatInstant(expiresAt)}`;
}

function describeGuardrails(file: string): string {
  const now = guardrailsFile(file)();
  if (now.state === "broken") return `broken, nothing is enforced: ${now.problem}`;
  return now.state === "absent" ? `none (${file})` : `in force (${file}, sha256 ${now.sha256.slice(0, 16)}…)`;
}

function describePauses(stateDir: string): string {
  const { pauses, problem } = pausesFile(join(stateDir, PAUSES_FILE))(Date.now());
  if (problem !== undefined) return `paused: ${problem}`;
  return pauses.length === 0 ? "not paused" : `paused for ${pauses.map(describePause).join("; ")}`;
}

function describeOutbox(stateDir: string): string {
  const file = join(stateDir, "outbox.db");
  if (!existsSync(file)) return "none yet";
  const { accounts, usage, deadLetters } = inspectOutbox(file);
  const lost = accounts.losses.map(({ count, lane, why }) => `, ${count} ${lane} ${why}`).join("");
  const waits = `${usage.entries} entries wait (${formatBytes(usage.bytes)})`;
  return `${waits}, ${accounts.stored} of ${accounts.enqueued} stored${lost}, ${deadLetters.length} dead letters kept`;
}

/** By the configuration and the state folder alone: nothing is asked. */
function describeRepositories({ repositories, stateDir }: AgentConfig): string {
  const names = Object.keys(repositories);
  if (names.length === 0) return "none";
  const keys = readRecoveryKeys(stateDir);
  const without = names.filter((name) => keys[name] === undefined);
  return without.length === 0
    ? names.join(", ")
    : `${names.join(", ")}; without a recovery key: ${without.join(", ")}`;
}
