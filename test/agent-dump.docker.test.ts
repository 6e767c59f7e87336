/** Dumps of a real PostgreSQL: a drill has one taken back by the same database, and so has a recovery on another host. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { openEngine } from "@shipkeeper/docker";
import {
  loadImages,
  POSTGRES_DATA,
  postgresImage,
  runContainer,
  startFleet,
  waitUntil,
  type Fleet,
  type LabContainer,
  type LabHost,
} from "@shipkeeper/lab";
import { drillReceiptSchema, type DrillReceipt } from "@shipkeeper/protocol";
import { openRestic, type Repositories } from "@shipkeeper/restic";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recover } from "../agent/src/recover/recover.ts";
import { HOST_ID } from "./agent-lab/keep-host.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

const run = promisify(execFile);
const IMAGE = "acme/postgres:15";
const ORDERS = 20_000;
const HOOKS = "hooks: { shop: { use: postgresql } }";

let fleet: Fleet;
let host: LabHost;
let database: LabContainer;
const folder = mkdtempSync(join(tmpdir(), "dumped-host-"));
const repositories: Repositories = {
  local: { url: join(folder, "repository"), passwordFile: join(folder, "password") },
};
beforeAll(async () => {
  writeFileSync(join(folder, "password"), "a long secret\n", { mode: 0o600 });
  for (const name of ["state", "spare"]) mkdirSync(join(folder, name));
  fleet = await startFleet({ hosts: ["shop-1", "spare-1", "spare-2"] });
  host = fleet.host("shop-1");
  const image = postgresImage(IMAGE);
  for (const one of fleet.hosts) await loadImages(one, [image]);
  database = await runDatabase(host, "shop-db", "shop-pgdata");
  await ask(host, "shop-db", "CREATE DATABASE shop", "postgres");
  await ask(
    host,
    "shop-db",
    `CREATE TABLE orders AS SELECT n, repeat('x', 50) AS what FROM generate_series(1, ${ORDERS}) n`,
  );
});
afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function runDatabase(on: LabHost, name: string, volume: string): Promise<LabContainer> {
  const mounts = [{ volume, target: POSTGRES_DATA }];
  const container = await runContainer(on, {
    image: IMAGE,
    name,
    command: ["/bin/serve-postgres"],
    env: { POSTGRES_DB: "shop" },
    mounts,
  });
  await waitUntil(async () => (await container.health()) === "healthy", {
    what: `${name} is healthy`,
    deadlineMs: 30_000,
  });
  return container;
}

/** What the database answers, in one line. */
async function ask(on: LabHost, name: string, sql: string, db = "shop"): Promise<string> {
  const container = on.engine.getContainer(name);
  const asked = await container.exec({
    Cmd: ["psql", "-XAqtc", sql, db],
    AttachStdout: true,
    AttachStderr: true,
  });
  const pieces: Buffer[] = [];
  for await (const piece of await asked.start({})) pieces.push(piece as Buffer);
  return Buffer.concat(pieces)
    .toString()
    .replaceAll(/[^\x20-\x7e]/g, "")
    .trim();
}

const policyOf = (drill: string, every = "1h") =>
  `{ policy: lab, hosts: { environment: lab }, rules: [{ backup: data, mode: enforce, every: ${every}, to: [local],
    select: { volumes: [shop-pgdata], host: true }, consistency: { hook: shop }, drill: { ${drill} } }] }`;

/** The receipt of the first drill of an agent with these guardrails. */
async function receiptOf(policy: string, guardrails: string): Promise<DrillReceipt> {
  const agent = await keepHostInTest(host, { policy, guardrails, repositories });
  const entry = await waitUntil(() => agent.ofKind("drill")[0], { what: "a receipt", deadlineMs: 90_000 });
  await agent.stop();
  return drillReceiptSchema.parse(JSON.parse(entry.receipt.payload));
}

async function leftovers(): Promise<string[]> {
  const containers = await host.engine.listContainers({ all: true });
  const names = containers.flatMap(({ Names }) => Names);
  return [...names, ...readdirSync(host.dataRoot)].filter((name) =>
    /shipkeeper-(?:drill|restore)/.test(name),
  );
}

test(
  "a dump is drilled by a database of its own that takes it back, and is asked",
  { timeout: 120_000 },
  async () => {
    const assert = `[{ files: true }, { sql: "SELECT count(*) FROM orders", atLeast: ${ORDERS} }]`;

    const receipt = await receiptOf(policyOf(`every: 2s, assert: ${assert}`), HOOKS);

    expect(receipt.failure).toBeUndefined();
    expect(receipt.assertions).toMatchObject([
      {
        assert: "files",
        passed: true,
        said: expect.stringMatching(/^all \d{6,} bytes of the dump taken back$/),
      },
      { passed: true, said: `${ORDERS} (at least ${ORDERS})` },
    ]);
    expect(receipt).toMatchObject({
      passed: true,
      dataset: "dump:shop-pgdata",
      application: { container: "shop-db" },
    });
    expect(receipt.phases.map(({ phase }) => phase)).toEqual([
      "locate",
      "fetch",
      "boot",
      "ready",
      "feed",
      "verify",
    ]);
    expect(await ask(host, "shop-db", "SELECT count(*) FROM orders")).toBe(String(ORDERS));
    expect(await leftovers()).toEqual([]);
  },
);

test(
  "a dump that its database does not take back fails the drill, with what was said and without secrets",
  { timeout: 120_000 },
  async () => {
    const refusing = `hooks: { shop: { argv: [pg_dumpall, --clean, --if-exists], restore: [/bin/sh, -c, "head -c 100 >/dev/null; echo no room left in $POSTGRES_DB >&2; exit 3"] } }`;

    const receipt = await receiptOf(policyOf("every: 2s, ready: 20s"), refusing);

    expect(receipt).toMatchObject({ passed: false, assertions: [] });
    expect(receipt.failure).toContain("hook shop did not take the dump back: exit code 3: no room left in");
    expect(receipt.phases.at(-1)?.phase).toBe("feed");
    expect(await leftovers()).toEqual([]);
  },
);

test("a host recovered from its repository has the data of its dumps", { timeout: 120_000 }, async () => {
  // Twice: the second time the host's configuration knows of the dump.
  const agent = await keepHostInTest(host, {
    policy: policyOf("every: 1h, start: false", "3s"),
    guardrails: HOOKS,
    repositories,
    stateDir: join(folder, "state"),
  });
  await agent.finished("backup", 2);
  await agent.stop();
  await database.handle.stop();
  const spare = fleet.host("spare-1");

  const report = await recover({
    wanted: { repository: "local", host: HOST_ID },
    dryRun: false,
    recoveryKey: undefined,
    stateDir: join(folder, "spare"),
    engine: openEngine({ socketPath: spare.socketPath }),
    restic: (await openRestic({ repositories }))!,
    uncontained: undefined,
    clock: Date.now,
    pause: (ms, { signal }) => sleep(ms, undefined, { signal }),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });

  expect(report).toMatchObject({ complete: true, warnings: [] });
  expect(report.steps.slice(-2).map(({ kind, name, outcome }) => `${outcome} ${kind} ${name}`)).toEqual([
    "done start shop-db",
    "done feed shop-pgdata",
  ]);
  expect(await ask(spare, "shop-db", "SELECT count(*), min(n), max(n) FROM orders")).toBe(
    `${ORDERS}|1|${ORDERS}`,
  );
});

test("by the runbook alone, too, with nothing but restic and docker", { timeout: 120_000 }, async () => {
  const spare = fleet.host("spare-2");
  const { url = "", passwordFile = "" } = repositories["local"] ?? {};
  const env = {
    ...process.env,
    DOCKER_HOST: `unix://${spare.socketPath}`,
    RESTIC_REPOSITORY: url,
    RESTIC_PASSWORD_FILE: passwordFile,
  };

  const { stdout } = await run("bash", [join(folder, "state/host-configuration/RUNBOOK.txt")], {
    env,
    timeout: 90_000,
  });

  expect(stdout).toContain("dump:shop-pgdata is taken back");
  expect(await ask(spare, "shop-db", "SELECT count(*) FROM orders")).toBe(String(ORDERS));
});
