import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROGRAMS, runToEnd, startFleet, waitUntil, type Fleet, type LabHost } from "@shipkeeper/lab";
import { hostIdSchema } from "@shipkeeper/model";
import {
  drillReceiptSchema,
  drillReceiptText,
  type SignedDrillReceipt,
  type DrillReceipt,
} from "@shipkeeper/protocol";
import { makeRecoveryKey, recoveryPublicKey, verifySignature } from "@shipkeeper/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { writeIdentity } from "../agent/src/enrol/identity.ts";
import { describeHost, IMAGE, keepMarket, MARKET_ID, openMarket, SECRET } from "./host-drill-lab/market.ts";

const OTHER_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000001");
const KEY = makeRecoveryKey();
const DOOMED = fileURLToPath(new URL("agent-lab/doomed-agent.ts", import.meta.url));

let fleet: Fleet;
let lost: LabHost;
let other: LabHost;
let folder: string;
let repositories: Record<"offsite" | "broken", { url: string; passwordFile: string }>;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 2, prefix: "market" });
  [lost, other] = [fleet.host("market-1"), fleet.host("market-2")];
  folder = mkdtempSync(join(tmpdir(), "host-drill-"));
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "a long secret\n", { mode: 0o600 });
  const placed = (name: string) => ({ url: join(folder, name), passwordFile });
  repositories = { offsite: placed("offsite"), broken: placed("broken") };

  const prices = join(folder, "prices");
  await openMarket(lost, { stock: "apples", folder: prices });
  const { offsite } = repositories;
  const recoveryKeys = [recoveryPublicKey(KEY)];
  await keepMarket(lost, { folder: prices, stateDir: folder, repositories: { offsite }, recoveryKeys });
  rmSync(prices, { recursive: true });
  await lost.powerOff();
  // The other one has things of the same names, and work of its own.
  await openMarket(other, { stock: "pears", folder: join(folder, "own-prices") });
  writeIdentity(folder, { hostId: OTHER_ID, policyKeys: [], enrolledAt: 0 });
  writeFileSync(join(folder, "recovery-key"), KEY, { mode: 0o600 });
}, 60_000);
afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What root's own drill on the other host prints, and its receipt. */
async function drillByHand(from: keyof typeof repositories, ...options: string[]) {
  const config = join(folder, "agent.yaml");
  const settings = {
    collector: "http://127.0.0.1:9",
    docker: `unix://${other.socketPath}`,
    stateDir: folder,
    repositories,
  };
  writeFileSync(config, JSON.stringify(settings), { mode: 0o600 });
  const drill = ["recover", "--from", from, "--host", MARKET_ID, "--drill", "--json"];
  const { exitCode, out, error } = await runToEnd(PROGRAMS.agent, ["--config", config, ...drill, ...options]);
  const line = JSON.parse(out.trim().split("\n").at(-1) ?? "") as { receipt: SignedDrillReceipt };
  return { exitCode, error, receipt: opened(line.receipt) };
}

function opened({ payload, publicKey, signature }: SignedDrillReceipt): DrillReceipt {
  expect(verifySignature(drillReceiptText(payload), signature, publicKey)).toBe(true);
  return drillReceiptSchema.parse(JSON.parse(payload));
}

const told = ({ assertions }: DrillReceipt) =>
  assertions.map(({ assert, passed, said }) => `${assert} ${passed ? "passed" : "failed"}: ${said}`);

/** The containers of a drill that is under way, once all of them run. */
function tried() {
  return waitUntil(
    async () => {
      const found = await other.engine.listContainers({ filters: { label: ["shipkeeper.drill"] } });
      return found.length < 2
        ? undefined
        : Promise.all(found.map(({ Id }) => other.engine.getContainer(Id).inspect()));
    },
    { what: "two containers of a drill", deadlineMs: 30_000 },
  );
}

test(
  "a host is rebuilt for a try on another one that has things of the same names: apart from them, and gone afterwards",
  { timeout: 90_000 },
  async () => {
    const before = await describeHost(other);

    const [{ exitCode, receipt }, containers] = await Promise.all([
      drillByHand("offsite", "--recovery-key", join(folder, "recovery-key")),
      tried(),
    ]);

    expect(receipt.failure).toBeUndefined();
    expect(told(receipt)).toEqual([
      "container market-db passed: its health is healthy",
      "container market-web passed: its health is healthy",
    ]);
    expect(receipt).toMatchObject({
      passed: true,
      hostId: OTHER_ID,
      ofHost: { id: MARKET_ID },
      repository: "offsite",
      rebuilt: { containers: 2, volumes: 2, networks: 1, images: 1 },
    });
    expect(receipt.warnings).toEqual([
      `container market-web is tried without ${lost.socketPath} at /var/run/docker.sock`,
    ]);
    expect(receipt.phases.map(({ phase }) => phase)).toEqual(["locate", "fetch", "boot", "ready", "verify"]);
    expect(receipt.rtoMs).toBeLessThan(60_000);
    expect(receipt.rpoMs).toBe(receipt.requestedAt - (receipt.dataAt ?? 0));
    expect(exitCode).toBe(0);

    for (const { HostConfig, Mounts, NetworkSettings, Config } of containers) {
      expect(HostConfig).toMatchObject({
        PidMode: "",
        PortBindings: {},
        Binds: null,
        RestartPolicy: { Name: "no" },
        Memory: 1e9,
        PidsLimit: 1_000,
      });
      expect(Mounts.map(({ Type, Name = "" }) => `${Type} ${Name.slice(0, 17)}`)).toEqual([
        "volume shipkeeper-drill-",
      ]);
      expect(NetworkSettings.Ports).toEqual({});
      expect(Object.keys(NetworkSettings.Networks)).toEqual([expect.stringMatching(/^shipkeeper-drill-/)]);
      expect(Object.keys(Config.Labels)).toEqual(["shipkeeper.drill"]);
    }
    expect(await describeHost(other)).toEqual(before);
  },
);

test(
  "without the recovery key it is said which variables are left out, and what came of it",
  { timeout: 90_000 },
  async () => {
    const before = await describeHost(other);

    const { exitCode, receipt, error } = await drillByHand("offsite");

    expect(exitCode).toBe(1);
    expect(error).toContain("did not come back whole");
    expect(receipt.passed).toBe(false);
    expect(told(receipt)[0]).toBe("container market-db failed: it ended with exit code 1");
    expect(receipt.warnings).toContain(
      "variable DB_PASSWORD of container market-db looked secret, is sealed and was not opened: it is left out",
    );
    expect(JSON.stringify(receipt)).not.toContain(SECRET);
    expect(await describeHost(other)).toEqual(before);
  },
);

test(
  "a restore point that is broken fails the drill, which says what did not come back",
  { timeout: 90_000 },
  async () => {
    const before = await describeHost(other);
    const { offsite, broken } = repositories;
    cpSync(offsite.url, broken.url, { recursive: true });
    flipBytes(broken.url);

    const { exitCode, receipt } = await drillByHand("broken", "--recovery-key", join(folder, "recovery-key"));

    expect(exitCode).toBe(1);
    expect(receipt).toMatchObject({ passed: false, assertions: [], ofHost: { id: MARKET_ID } });
    expect(receipt.failure).toMatch(/^(?:volume market-data|image acme\/market:1) did not come back: /);
    expect(receipt.rtoMs).toBeUndefined();
    expect(await describeHost(other)).toEqual(before);
  },
);

/** In the middle of every large pack, where content is. */
function flipBytes(repository: string): void {
  const packs = readdirSync(join(repository, "data"), { recursive: true, encoding: "utf8" })
    .map((name) => join(repository, "data", name))
    .filter((file) => statSync(file).isFile() && statSync(file).size > 100_000);
  expect(packs).not.toEqual([]);
  for (const file of packs) {
    const bytes = readFileSync(file);
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0, middle, middle + 64);
    rmSync(file);
    writeFileSync(file, bytes);
  }
}

test(
  "by policy: killed half-way, the next start removes what is left; then it is tried again, proven and told",
  { timeout: 90_000 },
  async () => {
    const before = await describeHost(other);
    const { offsite } = repositories;
    const rule = `{ rebuild: elsewhere, mode: enforce, host: ${MARKET_ID}, from: offsite, drill: { every: 8s, rto: 10m } }`;
    const stateDir = mkdtempSync(join(folder, "state-"));
    const doomed = spawn(process.execPath, [DOOMED], {
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        ENGINE: other.socketPath,
        STATE_DIR: stateDir,
        WHEN: "after",
        AT: "create",
        RULE: rule,
        REPOSITORIES: JSON.stringify({ offsite }),
      },
    });
    await once(doomed, "exit");
    const left = await describeHost(other);

    const policy = `{ policy: lab, hosts: { environment: lab }, rules: [${rule}] }`;
    const agent = await keepHostInTest(other, {
      policy,
      stateDir,
      repositories: { offsite },
      recoveryKey: KEY,
    });
    const [cutOff, run] = await agent.finished("rebuild", 2);
    const inventory = await agent.observer.refreshNow();
    await agent.stop();

    expect(left).not.toEqual(before);
    expect(cutOff?.outcome.steps).toMatchObject([{ status: "skipped", why: "cut-off" }]);
    expect(run?.outcome.steps).toMatchObject([{ status: "done", target: { type: "host", id: MARKET_ID } }]);
    expect(opened(agent.ofKind("drill")[0]!.receipt)).toMatchObject({
      passed: true,
      rule: "elsewhere",
      rtoTargetMs: 600_000,
    });
    expect(agent.ofKind("proof")[0]?.proof).toMatchObject({
      level: "drill",
      dataset: `host:${MARKET_ID}`,
      passed: true,
    });
    expect(JSON.stringify(inventory)).not.toContain("shipkeeper-drill");
    expect(JSON.stringify(agent.told)).not.toContain(SECRET);
    expect(await describeHost(other)).toEqual(before);
  },
);

test("the name of an image on the other host means what it meant", async () => {
  const { RepoTags, Id } = await other.engine.getImage(IMAGE).inspect();
  const { Image } = await other.engine.getContainer("market-db").inspect();

  expect([RepoTags, Id]).toEqual([[IMAGE], Image]);
});
