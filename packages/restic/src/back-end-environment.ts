/** What a run of restic finds in its environment: where the repository is, and what opens it. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorChain } from "@shipkeeper/kit";
import type { Repository } from "./repository.ts";
import { ResticProblem } from "./restic-errors.ts";

type Environment = Readonly<Record<string, string>>;

/** Credentials and settings of back ends, under the names that they have there. */
const OF_BACK_ENDS = /^(?:AWS|AZURE|B2|GOOGLE|OS|RCLONE|RESTIC_REST|ST)_\w+$/;
/** What restic and its helpers need of the machine. */
const OF_MACHINE = /^(?:PATH|HOME|TMPDIR|HTTPS?_PROXY|NO_PROXY|SSH_AUTH_SOCK)$/;

export interface EnvironmentFor {
  readonly repository: Repository;
  /** The repository that is copied from. */
  readonly from?: Repository | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Throws `ResticProblem` where a file with a secret cannot be used. */
export function environmentOf({ repository, from, environment = process.env }: EnvironmentFor): Environment {
  const inherited = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && (OF_BACK_ENDS.test(name) || OF_MACHINE.test(name)) ? [[name, value] as const] : [],
  );
  return {
    ...Object.fromEntries(inherited),
    ...credentials(repository, from),
    LC_ALL: "C",
    TZ: "UTC",
    RESTIC_REPOSITORY: repository.url,
    RESTIC_PASSWORD_FILE: passwordFileOf(repository, environment),
    ...(from && {
      RESTIC_FROM_REPOSITORY: from.url,
      RESTIC_FROM_PASSWORD_FILE: passwordFileOf(from, environment),
    }),
    RESTIC_PROGRESS_FPS: "0.2",
  };
}

/** One process has one environment: two repositories that need different values of one name cannot share it. */
function credentials(repository: Repository, from: Repository | undefined): Environment {
  const own = readEnvironmentFile(repository);
  const theirs = from === undefined ? {} : readEnvironmentFile(from);
  const torn = Object.keys(own).find((name) => theirs[name] !== undefined && theirs[name] !== own[name]);
  if (torn === undefined) return { ...theirs, ...own };
  const names = `${from?.name} and ${repository.name}`;
  throw new ResticProblem(
    "restic_failed",
    `cannot copy: repositories ${names} need ${torn} of their own each`,
  );
}

/** Throws `ResticProblem` where there is none. */
export function passwordFileOf(
  repository: Repository,
  environment: EnvironmentFor["environment"] = process.env,
): string {
  const { name, passwordFile, passwordCredential } = repository;
  const unusable = (why: string) =>
    new ResticProblem("repository_password_wrong", `no password for repository ${name}: ${why}`);
  if (passwordCredential === undefined) {
    if (passwordFile === undefined) throw unusable("the configuration names neither file nor credential");
    if (!existsSync(passwordFile)) throw unusable(`there is no file ${passwordFile}`);
    return passwordFile;
  }
  const folder = environment?.["CREDENTIALS_DIRECTORY"];
  const file = folder === undefined ? undefined : join(folder, passwordCredential);
  if (file !== undefined && existsSync(file)) return file;
  throw unusable(
    `systemd handed over no credential ${passwordCredential} (LoadCredential=${passwordCredential}:FILE)`,
  );
}

/** Names and values; the values are in no message. */
function readEnvironmentFile({ name: of, environmentFile: file }: Repository): Environment {
  if (file === undefined) return {};
  const unusable = (why: string) =>
    new ResticProblem("repository_unreachable", `no credentials for repository ${of}: ${file} ${why}`);
  const lines = readSecret(file, unusable).split("\n");
  const pairs = lines.flatMap((line, at) => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const [, key, value] = /^(?:export\s+)?(\w+)=(.*)$/.exec(text) ?? [];
    if (key === undefined || value === undefined) throw unusable(`line ${at + 1} is not KEY=VALUE`);
    if (!OF_BACK_ENDS.test(key)) throw unusable(`line ${at + 1}: ${key} is no variable of a back end`);
    return [[key, value.replace(/^(["'])(.*)\1$/, "$2")] as const];
  });
  return Object.fromEntries(pairs);
}

function readSecret(file: string, unusable: (why: string) => ResticProblem): string {
  try {
    const { mode, size } = statSync(file);
    if ((mode & 0o077) !== 0) throw unusable("can be read by others than its owner; chmod 600");
    if (size > 65_536) throw unusable("is larger than 64 KiB");
    return readFileSync(file, "utf8");
  } catch (error) {
    throw error instanceof ResticProblem ? error : unusable(`cannot be read: ${errorChain(error)}`);
  }
}
