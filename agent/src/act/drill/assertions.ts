/** What is asked of restored data and of what runs on it, one assertion after the other. */
import { errorChain, maskSecrets, matchesPattern, SECOND_MS } from "@shipkeeper/kit";
import type { Container, Volume } from "@shipkeeper/model";
import type { DrillAssertion } from "@shipkeeper/policy";
import { MOST_SAID, type AssertionResult } from "@shipkeeper/protocol";
import type { ActContext } from "../action-context.ts";
import type { FileSample } from "../../ledger/file-samples.ts";
import { askHttp } from "../../probe/ask-http.ts";
import { countFiles, firstDifference } from "./file-sample.ts";

const HTTP_MS = 30 * SECOND_MS;
const PROGRAM_MS = 300 * SECOND_MS;
const MOST_OUTPUT = 64 * 1024;

export interface Restored {
  /** Undefined where nothing was started. */
  readonly container: Container | undefined;
  /** What was restored: files in a volume, or so many bytes of a dump that the database took back. */
  readonly data: { readonly volume: Volume } | { readonly dumpBytes: number };
  /** As the restore point says; undefined where that is not known. */
  readonly files: number | undefined;
  readonly sample: FileSample | undefined;
}

interface Said {
  readonly passed: boolean;
  readonly said: string;
}

type AssertContext = Pick<ActContext, "engine" | "clock" | "signal">;

/** All of them, also after one that failed: a receipt shall say everything that is wrong. */
export async function checkAssertions(
  assertions: readonly DrillAssertion[],
  restored: Restored,
  context: AssertContext,
): Promise<AssertionResult[]> {
  const results: AssertionResult[] = [];
  for (const assertion of assertions) {
    const startedAt = context.clock();
    const { passed, said } = await check(assertion, restored, context).catch((error: unknown): Said => {
      context.signal.throwIfAborted();
      return { passed: false, said: errorChain(error) };
    });
    const ms = Math.max(0, context.clock() - startedAt);
    results.push({ assert: nameOf(assertion), passed, said: maskSecrets(said).slice(0, MOST_SAID), ms });
  }
  return results;
}

function nameOf({ http, exec, sql }: DrillAssertion): string {
  if (http !== undefined) return `http ${http.port} ${http.path}`.slice(0, 200);
  if (exec !== undefined) return `exec ${exec[0] ?? ""}`.slice(0, 200);
  return sql === undefined ? "files" : `sql ${sql}`.slice(0, 200);
}

async function check(assertion: DrillAssertion, restored: Restored, context: AssertContext): Promise<Said> {
  const { http, exec, sql } = assertion;
  if (http === undefined && exec === undefined && sql === undefined)
    return checkFiles(restored, context.signal);
  const { container } = restored;
  if (container === undefined)
    return { passed: false, said: "no container was started on the restored data" };
  if (http !== undefined) return checkHttp(http, container, context.signal);
  if (sql !== undefined) return checkSql(sql, assertion.atLeast, container, context);
  return checkExec(exec ?? [], assertion.expect, container, context);
}

async function checkFiles({ data, files, sample }: Restored, signal: AbortSignal): Promise<Said> {
  if ("dumpBytes" in data)
    return { passed: true, said: `all ${data.dumpBytes} bytes of the dump taken back` };
  const root = data.volume.mountpoint;
  const different = sample === undefined ? undefined : await firstDifference(root, sample, signal);
  if (different !== undefined) return { passed: false, said: different };
  const found = await countFiles(root, signal);
  const known = files === undefined ? "" : ` of ${files}`;
  const sampled = sample === undefined ? "none was sampled" : `${sample.length} sampled ones as they were`;
  const passed = files === undefined ? found > 0 : found === files;
  return { passed, said: `${found}${known} files, ${sampled}` };
}

async function checkHttp(
  { port, path, status }: NonNullable<DrillAssertion["http"]>,
  { networks }: Container,
  signal: AbortSignal,
): Promise<Said> {
  const address = networks[0]?.address;
  if (address === undefined || address === "") return { passed: false, said: "it has no address" };
  const way = { kind: "http", port, path, status } as const;
  const until = AbortSignal.any([signal, AbortSignal.timeout(HTTP_MS)]);
  const { ok, said } = await askHttp(way, { host: address, port }, until);
  return { passed: ok, said };
}

async function run(argv: readonly string[], { id }: Container, { engine, signal }: AssertContext) {
  const request = { argv, timeoutMs: PROGRAM_MS, mostBytes: MOST_OUTPUT };
  const result = await engine.exec(id, request, { signal });
  if (result === "not-running") return { output: "the container does not run" };
  return result;
}

async function checkExec(
  argv: readonly string[],
  expected: string | undefined,
  container: Container,
  context: AssertContext,
): Promise<Said> {
  const { exitCode, output } = await run(argv, container, context);
  const fits = expected === undefined || partMatches(expected, output);
  const code = exitCode === undefined ? "it did not end" : `exit code ${exitCode}`;
  return { passed: exitCode === 0 && fits, said: `${code}: ${oneLine(output)}` };
}

/** The database's own client in the drilled container, as whom the usual images know: what is asked stands in `$1`. */
const SQL_CLIENT = `
if command -v psql >/dev/null; then
  PGPASSWORD="$POSTGRES_PASSWORD" exec psql -X -q -t -A -v ON_ERROR_STOP=1 \\
    -U "\${POSTGRES_USER:-postgres}" -d "\${POSTGRES_DB:-\${POSTGRES_USER:-postgres}}" -c "$1"
fi
for client in mariadb mysql; do
  if command -v "$client" >/dev/null; then
    MYSQL_PWD="\${MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}" exec "$client" -N -B -u root \\
      "\${MARIADB_DATABASE:-\${MYSQL_DATABASE:-mysql}}" -e "$1"
  fi
done
echo "neither psql nor mariadb nor mysql is in this container" >&2
exit 127`;

async function checkSql(
  statement: string,
  atLeast: number | undefined,
  container: Container,
  context: AssertContext,
): Promise<Said> {
  const argv = ["/bin/sh", "-c", SQL_CLIENT, "sql", statement];
  const { exitCode, output } = await run(argv, container, context);
  if (exitCode !== 0) return { passed: false, said: oneLine(output) };
  const [first = ""] = output.trim().split(/[\s|]/, 1);
  if (atLeast === undefined) return { passed: true, said: oneLine(output) };
  const value = first === "" ? NaN : Number(first);
  return { passed: value >= atLeast, said: `${first || "nothing"} (at least ${atLeast})` };
}

function partMatches(pattern: string, text: string): boolean {
  return matchesPattern(pattern.startsWith("^") ? pattern : `*${pattern}*`, text);
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim() || "no output";
