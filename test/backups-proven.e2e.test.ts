/**
 * The promise itself: a database under write load is backed up again and again, its host is destroyed, and another host
 * takes over from the off-site copy alone. What was lost and how long it took is measured, and told.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SECOND_MS } from "@shipkeeper/kit";
import {
  loadImages,
  POSTGRES_DATA,
  postgresImage,
  PROGRAMS,
  runContainer,
  runToEnd,
  startFleet,
  startRestServer,
  startSpine,
  waitUntil,
  type Fleet,
  type LabContainer,
  type LabHost,
  type RestServer,
  type Spine,
} from "@shipkeeper/lab";
import { restorePointsPageSchema, type ApiRestorePoint } from "@shipkeeper/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";

const RPO_MS = 20 * SECOND_MS;
/** Restore points of the database that the off-site repository shall have before its host is destroyed. */
const RESTORE_POINTS = Number(process.env["SHIPKEEPER_RESTORE_POINTS"] ?? 4);
const DATASET = "volume:orders-pgdata";
const POLICY = `
policy: fleet
hosts: { test: backups }
mode: enforce
rules:
  - backup: databases
    select: { volumes: ["*-pgdata"], host: true, images: true }
    consistency: pause
    rpo: ${RPO_MS / SECOND_MS}s
    to: [local, offsite]
`;

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-backups-"));
let fleet: Fleet;
let offsite: RestServer;
let spine: Spine;
let database: LabContainer;

beforeAll(async () => {
  mkdirSync(join(folder, "policies"));
  writeFileSync(join(folder, "policies/fleet.yaml"), POLICY);
  writeFileSync(join(folder, "offsite.password"), "known to both hosts\n", { mode: 0o600 });
  fleet = await startFleet({ hosts: ["shop-1", "spare-1", "spare-2"] });
  offsite = await startRestServer({ address: fleet.gateway, appendOnly: true });
  const there = ["-r", `${offsite.url}fleet/`, "-p", join(folder, "offsite.password")];
  execFileSync("restic", [...there, "init"], { stdio: "ignore" });
  await loadImages(fleet.host("shop-1"), [postgresImage("acme/postgres:15")]);
  spine = await startSpine({
    fleet,
    folder,
    labelsOf: () => ({ test: "backups" }),
    repositories: {
      offsite: { url: `${offsite.url}fleet/`, passwordFile: join(folder, "offsite.password") },
    },
  });
  for (const host of fleet.hosts) await spine.addAgent(host);
  database = await runContainer(fleet.host("shop-1"), {
    image: "acme/postgres:15",
    name: "orders-db",
    command: ["/bin/serve-postgres"],
    mounts: [{ volume: "orders-pgdata", target: POSTGRES_DATA }],
    restart: "unless-stopped",
    settle: false,
  });
  await waitUntil(async () => (await database.health()) === "healthy", {
    what: "the database to be healthy",
    deadlineMs: 60_000,
  });
}, 120_000);

afterAll(async () => {
  await spine?.stop();
  await offsite?.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What a program prints inside a container. */
async function inside({ handle }: Pick<LabContainer, "handle">, ...command: string[]): Promise<string> {
  const exec = await handle.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array).subarray(8));
  return Buffer.concat(chunks).toString("utf8").trim();
}

const sql = (container: Pick<LabContainer, "handle">, statement: string) =>
  inside(container, "psql", "-XAtqc", statement);

async function offsitePoints(dataset: string): Promise<readonly ApiRestorePoint[]> {
  const query = new URLSearchParams({ repository: "offsite", dataset, limit: "100" });
  return restorePointsPageSchema.parse(await spine.read(`/api/v1/restore-points?${query.toString()}`)).items;
}

/** What the agent's own `recover --json` reports at its end. */
interface Reported {
  readonly complete: boolean;
  readonly rpoMs: number;
  readonly rtoMs: number;
  readonly phasesMs: Readonly<Record<string, number>>;
  readonly datasets: readonly { readonly dataset: string; readonly ageMs: number }[];
}

/** Root on a host, with nothing but the agent's configuration. */
async function recover(host: LabHost, lost: string): Promise<Reported> {
  const { configFile } = spine.agent(host.name);
  const args = ["--config", configFile, "recover", "--from", "offsite", "--host", lost, "--json"];
  const { exitCode, out, error } = await runToEnd(PROGRAMS.agent, args);
  if (exitCode !== 0) throw new Error(`recover ended with ${exitCode}: ${error}\n${out}`);
  const { report } = JSON.parse(out.trim().split("\n").at(-1) ?? "") as { report: Reported };
  return report;
}

/** A figure of the orders that a host has after its recovery. */
async function ordersOn({ engine }: LabHost, what: string): Promise<number> {
  const recovered = { handle: engine.getContainer("orders-db") };
  const healthy = async () => (await recovered.handle.inspect()).State.Health?.Status === "healthy";
  await waitUntil(healthy, { what: "the recovered database to be healthy", deadlineMs: 30_000 });
  return Number(await sql(recovered, `SELECT ${what} FROM orders`));
}

test(
  "a database under load loses at most the last interval with its host",
  { timeout: 600_000 },
  async () => {
    const [shop, spare] = [fleet.host("shop-1"), fleet.host("spare-1")];
    await sql(
      database,
      "CREATE TABLE orders (id bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())",
    );
    const load = 'while psql -XAtqc "INSERT INTO orders DEFAULT VALUES"; do :; done';
    await (await database.handle.exec({ Cmd: ["sh", "-c", load] })).start({ Detach: true });
    await spine.pushPolicy(join(folder, "policies"));
    await waitUntil(async () => (await offsitePoints(DATASET)).length >= RESTORE_POINTS, {
      what: `${RESTORE_POINTS} restore points off-site`,
      deadlineMs: (RESTORE_POINTS + 4) * RPO_MS,
      everyMs: SECOND_MS,
    });

    const destroyedAt = Date.now();
    await spine.agent("shop-1").program.kill9();
    await shop.powerOff();
    rmSync(spine.agent("shop-1").repository.url, { recursive: true });

    const report = await recover(spare, "shop-1");
    const read = (what: string) => ordersOn(spare, what);
    const lostMs = destroyedAt - (await read("extract(epoch FROM max(at)) * 1000"));
    const held = await read("count(*)");

    expect(report.complete).toBe(true);
    expect(held).toBeGreaterThan(0);
    expect(held, "orders without a gap").toBe(await read("max(id)"));
    expect(lostMs).toBeGreaterThan(0);
    expect(lostMs).toBeLessThanOrEqual(RPO_MS);
    // Of data that was read at one moment it tells the age at another: when the recovery began.
    const told = report.datasets.find(({ dataset }) => dataset === DATASET);
    expect(told?.ageMs).toBeGreaterThanOrEqual(lostMs);
    expect(report.rpoMs).toBeGreaterThanOrEqual(told?.ageMs ?? Infinity);
    expect(report.rtoMs).toBeGreaterThan(0);
  },
);

test("an order over the collector recovers the lost host, too", { timeout: 180_000 }, async () => {
  const order = ["recover", "shop-1", "--onto", "spare-2", "--key", spine.policyKey];

  const plan = await spine.shipkeeper(...order, "--dry-run", "--wait");
  const told = await spine.shipkeeper(...order, "--wait");

  expect(plan).toMatch(/take +volume orders-pgdata/);
  expect(told).toMatch(/orders/);
  expect(await ordersOn(fleet.host("spare-2"), "count(*)")).toBe(
    await ordersOn(fleet.host("spare-1"), "count(*)"),
  );
});
