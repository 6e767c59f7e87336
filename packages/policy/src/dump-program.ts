/**
 * What a hook runs: the host's own programs as they are, and those for the databases that Shipkeeper knows. These are fixed
 * texts for the container's own shell; names come as arguments (`$1`, `$2`) and passwords from the container's environment,
 * so that no data is ever read as a program.
 */
import * as z from "zod";
import type { Hook } from "./hook.ts";

/** How a dump was made: by the hook of this name, in the container of that name. By the same it goes back. */
export const dumpMadeSchema = z.object({ hook: z.string(), container: z.string() });
export type DumpMade = z.infer<typeof dumpMadeSchema>;

export interface DumpProgram {
  /** Writes the dump to its output. */
  readonly dump: readonly string[];
  /** Takes a dump as its input; undefined where it comes back as a file. */
  readonly restore?: readonly string[];
  readonly user?: string;
  readonly timeoutMs: number;
  /** Of the file that holds the dump. */
  readonly extension: string;
}

/** What takes a dump back, apart from the guardrails that name it. */
export interface TakeBack {
  /** Takes the dump as its input. */
  readonly argv: readonly string[];
  readonly user?: string | undefined;
  readonly timeoutMs: number;
}

/** Undefined where there is no such hook. */
export function dumpProgramNamed(
  hooks: Readonly<Record<string, Hook>>,
  name: string,
): DumpProgram | undefined {
  const hook = Object.hasOwn(hooks, name) ? hooks[name] : undefined;
  return hook && dumpProgramOf(hook);
}

/** Undefined where there is no such hook, or a dump of it comes back as a file only. */
export function takeBackNamed(hooks: Readonly<Record<string, Hook>>, name: string): TakeBack | undefined {
  const program = dumpProgramNamed(hooks, name);
  if (program?.restore === undefined) return undefined;
  const { restore: argv, timeoutMs, user } = program;
  return { argv, timeoutMs, ...(user !== undefined && { user }) };
}

export function dumpProgramOf(hook: Hook): DumpProgram {
  const common = { timeoutMs: hook.timeout, ...(hook.user !== undefined && { user: hook.user }) };
  if (!("use" in hook)) {
    return { ...common, dump: hook.argv, ...(hook.restore && { restore: hook.restore }), extension: "dump" };
  }
  const { dump, restore, extension } = READY[hook.use];
  const argv = (text: string) => [
    "/bin/sh",
    "-c",
    text,
    hook.use,
    ...(hook.file === undefined ? [hook.login ?? "", hook.database ?? ""] : [hook.file]),
  ];
  return {
    ...common,
    dump: argv(dump),
    ...(restore !== undefined && { restore: argv(restore) }),
    extension,
  };
}

interface Ready {
  readonly dump: string;
  readonly restore?: string;
  readonly extension: string;
}

/** A secret that an image takes from its environment, or from the file that another variable names. */
const secret = (name: string) => `"\${${name}:-$(cat "\${${name}_FILE:-/dev/null}")}"`;

const POSTGRESQL = `export PGPASSWORD=${secret("POSTGRES_PASSWORD")}
login="\${1:-\${POSTGRES_USER:-postgres}}"`;

const MYSQL = `first() { for name; do if command -v "$name"; then return; fi; done; echo "none of $* is in the container" >&2; return 127; }
login="\${1:-root}"
own="\${MYSQL_USER:-$MARIADB_USER}"
if [ "$login" = "$own" ] && [ -n "$own" ]; then MYSQL_PWD=${secret("MYSQL_PASSWORD")}; [ -n "$MYSQL_PWD" ] || MYSQL_PWD=${secret("MARIADB_PASSWORD")}
else MYSQL_PWD=${secret("MYSQL_ROOT_PASSWORD")}; [ -n "$MYSQL_PWD" ] || MYSQL_PWD=${secret("MARIADB_ROOT_PASSWORD")}; fi
export MYSQL_PWD`;

/** The password goes through a pipe: on a command line every process of the host could read it. */
const MONGODB = `login="\${1:-\${MONGO_INITDB_ROOT_USERNAME:-}}"
password=${secret("MONGO_INITDB_ROOT_PASSWORD")}
told() { [ -z "$login" ] || printf "password: '%s'\\n" "$(printf %s "$password" | sed "s/'/''/g")"; }`;

const READY: Readonly<Record<"postgresql" | "mysql" | "mongodb" | "redis" | "sqlite", Ready>> = {
  // As SQL and not compressed: what did not change is stored once, and any later server reads it.
  postgresql: {
    extension: "sql",
    dump: `${POSTGRESQL}
if [ -n "$2" ]; then exec pg_dump --clean --if-exists --create --username="$login" --dbname="$2"; fi
exec pg_dumpall --clean --if-exists --username="$login" --database=postgres`,
    // psql goes on after an error, because the role that restores cannot be dropped; any other error is one.
    restore: `${POSTGRESQL}
export LC_ALL=C
problems="$(psql --no-psqlrc --quiet --username="$login" --dbname=postgres 2>&1 >/dev/null |
  grep -E 'ERROR|FATAL|PANIC|error:' | grep -vE 'current user cannot be dropped|role ".*" already exists')"
if [ -n "$problems" ]; then printf '%s\\n' "$problems" | tail -n 20 >&2; exit 1; fi`,
  },
  mysql: {
    extension: "sql",
    dump: `${MYSQL}
tool="$(first mariadb-dump mysqldump)" || exit
if [ -n "$2" ]; then set -- --databases "$2"; else set -- --all-databases --flush-privileges; fi
exec "$tool" --user="$login" --single-transaction --quick --routines --triggers --events --hex-blob "$@"`,
    restore: `${MYSQL}
tool="$(first mariadb mysql)" || exit
exec "$tool" --user="$login"`,
  },
  mongodb: {
    extension: "archive",
    dump: `${MONGODB}
if [ -n "$2" ]; then set -- --db="$2"; else set --; fi
if [ -n "$login" ]; then set -- "$@" --username="$login" --authenticationDatabase=admin --config=/dev/stdin; fi
told | mongodump --quiet --archive "$@"`,
    restore: `${MONGODB}
exec 3<&0
set --
if [ -n "$login" ]; then set -- --username="$login" --authenticationDatabase=admin --config=/dev/stdin; fi
told | mongorestore --quiet --drop --archive=/dev/fd/3 "$@"`,
  },
  // A server reads such a file only when it starts: it comes back as a file.
  redis: {
    extension: "rdb",
    dump: `password=${secret("REDIS_PASSWORD")}
if [ -n "$password" ]; then export REDISCLI_AUTH="$password"; fi
if [ -n "$1" ]; then set -- --user "$1"; else set --; fi
exec redis-cli "$@" --rdb -`,
  },
  // In one transaction, so that a busy database comes to an end; it needs room for a second one in the container.
  sqlite: {
    extension: "sqlite",
    dump: `if ! [ -s "$1" ]; then echo "there is no database $1" >&2; exit 1; fi
folder="$(mktemp -d)" || exit
trap 'rm -rf "$folder"' EXIT
sqlite3 -readonly "$1" "VACUUM INTO '$folder/dump'" && cat "$folder/dump"`,
    // In one transaction, too; and where the program that uses it has made none yet, as a new one.
    restore: `folder="$(mktemp -d)" || exit
trap 'rm -rf "$folder"' EXIT
cat >"$folder/dump" || exit
said="$(sqlite3 -readonly "$folder/dump" "PRAGMA quick_check" 2>&1)"
if [ "$said" != ok ]; then printf '%s\\n' "$said" >&2; exit 1; fi
sqlite3 -bail "$1" ".timeout 30000" ".restore '$folder/dump'"`,
  },
};
