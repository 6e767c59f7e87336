import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { busyboxLayer } from "./busybox.ts";
import { forgeImage, type ForgedImage, type LayerSpec } from "./forge-image.ts";

/** Where Debian's package `postgresql-15` puts its programs and what they read. */
const HOME = "/usr/lib/postgresql/15";
const SHARE = "/usr/share/postgresql/15";
const PROGRAMS = "postgres initdb psql pg_dump pg_dumpall pg_restore pg_isready".split(" ");
const MODULES = ["plpgsql.so", "dict_snowball.so"];

/** The uid of `postgres` in the image. */
const UID = 999;
export const POSTGRES_DATA = "/var/lib/postgresql/data";

/** Makes a cluster in an empty folder, and serves it to whoever asks: it is a lab. */
const SERVE = `#!/bin/sh
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -D "$PGDATA" -U postgres -A trust -E UTF8 --locale=C >/dev/null
  echo 'host all all all trust' >>"$PGDATA/pg_hba.conf"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c jit=off
`;

/**
 * A real PostgreSQL with a shell beside it; its data is in `POSTGRES_DATA`, and it is healthy once it answers.
 *
 * @throws Error when Debian's postgresql-15 is not installed.
 */
export function postgresImage(tag: string): ForgedImage {
  if (!existsSync(join(HOME, "bin/postgres"))) {
    throw new Error("the lab needs Debian's postgresql-15: apt-get install postgresql-15");
  }
  return forgeImage({
    tags: [tag],
    layers: [busyboxLayer(), programLayer()],
    user: String(UID),
    env: { PATH: `${HOME}/bin:/bin`, PGDATA: POSTGRES_DATA, PGHOST: "/tmp", PGUSER: "postgres", LC_ALL: "C" },
    cmd: ["/bin/serve-postgres"],
    healthcheck: {
      test: ["CMD", "psql", "-XAtc", "SELECT 1"],
      intervalMs: 1_000,
      timeoutMs: 8_000,
      retries: 3,
    },
  });
}

function programLayer(): LayerSpec {
  const programs = PROGRAMS.map((name) => join(HOME, "bin", name));
  const modules = MODULES.map((name) => join(HOME, "lib", name));
  const files = [...programs, ...modules, ...librariesOf([...programs, ...modules]), ...below(SHARE)];
  return [
    {
      path: "etc/passwd",
      content: `root:x:0:0:root:/root:/bin/sh\npostgres:x:${UID}:${UID}::/tmp:/bin/sh\n`,
    },
    { path: "bin/serve-postgres", content: SERVE, mode: 0o755 },
    { path: POSTGRES_DATA.slice(1), folder: true, mode: 0o700, uid: UID, gid: UID },
    ...files.map((file) => ({ path: relative("/", file), content: readFileSync(file), mode: 0o755 })),
  ];
}

/** What the loader would map for them, itself included. */
function librariesOf(programs: readonly string[]): string[] {
  const listed = execFileSync("ldd", programs, { encoding: "utf8" });
  return [...new Set(listed.match(/\/\S+\.so[.\d]*(?= \(0x)/g) ?? [])];
}

function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("/man"))
    .map((entry) => join(entry.parentPath, entry.name));
}
