/** What an operator does with the backup repositories of a host: make them, try them, see how they are. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { InvalidInput, errorChain, formatInstant } from "@shipkeeper/kit";
import { backEndOf, isOffsite, type Restic } from "@shipkeeper/restic";
import { makeRecoveryKey, parseRecoveryKey, writeSecretFile, type RecoveryKey } from "@shipkeeper/runtime";
import type { Command, Given } from "./commands.ts";
import type { AgentConfig } from "./config.ts";
import { openRepositories } from "./open-repositories.ts";
import { readRecoveryKeys, recordRecoveryKey } from "./repositories/recovery-keys.ts";

type Context = Given & { readonly print: (line: string) => void; readonly signal: AbortSignal };

const USES = "repository takes `init NAME` or `check NAME`";

export const repositoryCommands: Readonly<Record<string, Command>> = {
  repositories: {
    check: ({ args }) => (args.length === 0 ? undefined : `${args[0]} is not understood here`),
    run: listRepositories,
  },
  repository: {
    check: ({ args: [what = "", name, ...rest] }) =>
      ["init", "check"].includes(what) && name !== undefined && rest.length === 0 ? undefined : USES,
    run: (config, context) =>
      context.args[0] === "init" ? initRepository(config, context) : checkRepository(config, context),
  },
};

/** Asks each one, so that the list says how it is now. */
async function listRepositories(config: AgentConfig, { print, signal }: Context): Promise<void> {
  const keys = readRecoveryKeys(config.stateDir);
  for (const [name, settings] of Object.entries(config.repositories)) {
    const restic = await openRepositories(config, name);
    const state = await restic.snapshots(name, {}, signal).then(
      (points) => `${points.length} restore points`,
      (error: unknown) => {
        signal.throwIfAborted();
        return errorChain(error);
      },
    );
    const key = keys[name];
    const facts = [
      backEndOf(settings),
      ...(isOffsite(settings) ? ["off-site"] : []),
      ...(settings.appendOnly === true ? ["append-only"] : []),
      key === undefined
        ? `no recovery key: shipkeeper-agent repository init ${name} adds one`
        : `recovery key since ${formatInstant(key.addedAt)}`,
    ];
    print(`${name}  ${facts.join(", ")}`);
    print(`  ${state}`);
  }
}

/** Whether it opens, lists and takes what is written. Whether what it holds is whole is for verification to say. */
async function checkRepository(
  config: AgentConfig,
  { args: [, name = ""], print, signal }: Context,
): Promise<void> {
  const restic = await openRepositories(config, name);
  const points = await restic.snapshots(name, {}, signal);
  print(`repository ${name} opens and lists ${points.length} restore points`);
  await restic.tryToWrite(name, signal);
  print("it can be written to");
}

/** May be repeated: what is there already stays as it is. */
async function initRepository(config: AgentConfig, context: Context): Promise<void> {
  const {
    args: [, name = ""],
    "recovery-key": file,
    print,
    signal,
  } = context;
  const { stateDir, repositories } = config;
  const known = readRecoveryKeys(stateDir)[name];
  makePassword(repositories[name]?.passwordFile, print);
  const restic = await openRepositories(config, name);

  print(
    (await restic.makeWhereAbsent(name, signal))
      ? `repository ${name} is made`
      : `repository ${name} is there`,
  );
  if (known !== undefined) {
    print(`it has had a recovery key since ${formatInstant(known.addedAt)}; nothing was added`);
    return;
  }

  const isGiven = file !== undefined && existsSync(file);
  const key = isGiven ? readKeyFile(file) : makeRecoveryKey();
  if (file !== undefined && !isGiven) writeSecretFile(file, `${key}\n`, { overwrite: false });
  await addKey(name, { key, restic, stateDir, signal });
  recordRecoveryKey(stateDir, { repository: name, key, at: Date.now() });
  if (file === undefined) {
    print("its recovery key, shown this once. Write it down and keep it away from this host:");
    print(`  ${key}`);
  } else {
    print(`its recovery key is in ${file}: keep a copy away from this host, and remove it here`);
  }
}

function makePassword(file: string | undefined, print: Context["print"]): void {
  if (file === undefined || existsSync(file)) return;
  writeSecretFile(file, `${randomBytes(32).toString("base64url")}\n`, { overwrite: false });
  print(`a password is made in ${file}`);
}

function readKeyFile(file: string): RecoveryKey {
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new InvalidInput(`${file} can be read by others than its owner; chmod 600`, []);
  }
  return parseRecoveryKey(readFileSync(file, "utf8"));
}

/** restic takes the new password from a file only. */
async function addKey(
  name: string,
  {
    key,
    restic,
    stateDir,
    signal,
  }: { key: RecoveryKey; restic: Restic; stateDir: string; signal: AbortSignal },
): Promise<void> {
  const folder = mkdtempSync(join(stateDir, "recovery-key-"));
  try {
    const file = join(folder, "key");
    writeSecretFile(file, `${key}\n`, { overwrite: false });
    await restic.addKey(name, file, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
