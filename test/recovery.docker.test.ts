/** The recovery playbook, run word for word: every block of it, each on what a loss leaves. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { openEngine } from "@shipkeeper/docker";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  startFleet,
  waitUntil,
  type Fleet,
  type LabHost,
} from "@shipkeeper/lab";
import { hostIdSchema, runIdSchema } from "@shipkeeper/model";
import { openRestic, type Restic } from "@shipkeeper/restic";
import { makeRecoveryKey, recoveryPublicKey } from "@shipkeeper/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostBundleKeeper } from "../agent/src/host-bundle/keep-bundle.ts";
import { recover, type RecoverOptions } from "../agent/src/recover/recover.ts";
import { readBackupState } from "../collector/src/backup/backup-state.ts";
import { collectorProgram, kill } from "./collector-lab/collector-program.ts";
import { installPrograms, openPlaybook, type Playbook } from "./recovery-lab/playbook.ts";
import { describeShop, openShop, SHELVES } from "./recovery-lab/shop.ts";

const HOST_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-00000000000a");
const RUN_ID = runIdSchema.parse("5d0c1f0e-0000-4000-8000-00000000000b");
const KEY = makeRecoveryKey();
const BY = { hostId: HOST_ID, policy: "lab", rule: "all", runId: RUN_ID };

type Hosts = [LabHost, LabHost, LabHost, LabHost];
let fleet: Fleet;
let lost: LabHost;
let other: LabHost;
let third: LabHost;
let fourth: LabHost;
let playbook: Playbook;
let path: string;
let shop: Awaited<ReturnType<typeof describeShop>>;
let folder: string;
let repository: { url: string; passwordFile: string };
let restic: Restic;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 4, prefix: "book" });
  [lost, other, third, fourth] = [1, 2, 3, 4].map((number) => fleet.host(`book-${number}`)) as Hosts;
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-runbook-"));
  playbook = openPlaybook({ folder });
  path = installPrograms(folder, { collectorConfig: join(folder, "collector.yaml") });
  repository = { url: join(folder, "repository"), passwordFile: join(folder, "password") };
  writeFileSync(repository.passwordFile, "a long secret\n", { mode: 0o600 });
  restic = (await openRestic({ repositories: { local: repository } }))!;
  const app = forgeImage({ tags: ["acme/app:1"], layers: [busyboxLayer()] });
  await loadImages(lost, [app]);
});
afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the reader of the page's section has: no agent, no collector. */
function byHand(host: LabHost, secrets: Readonly<Record<string, string>>) {
  return playbook.run("A lost host, with nothing but restic and docker", {
    DOCKER_HOST: `unix://${host.socketPath}`,
    RESTIC_REPOSITORY: repository.url,
    RESTIC_PASSWORD_FILE: repository.passwordFile,
    HOST_ID,
    AGENT_STATE: folder,
    ...secrets,
  });
}

test(
  "a lost host is rebuilt on another engine with nothing but restic and docker",
  { timeout: 120_000 },
  async () => {
    await openShop(lost);
    await waitUntil(async () => (await describeShop(lost)).containers[0]?.health === "healthy", {
      what: "the shop's database to be healthy",
      deadlineMs: 40_000,
    });
    shop = await describeShop(lost);
    await restic.ensureRepository("local");
    const dataset = "volume:shop-data";
    const source = join(lost.dataRoot, "volumes/shop-data/_data");
    await restic.backUp("local", { ...BY, dataset, folder: source });
    const engine = openEngine({ socketPath: lost.socketPath });
    await restic.backUpStream("local", {
      ...BY,
      dataset: "image:acme/app:1",
      filename: "image.tar",
      async *content(signal) {
        yield* await engine.saveImage("acme/app:1", { signal });
      },
    });
    const keep = hostBundleKeeper(
      { stateDir: folder, guardrails: "/nowhere/guardrails.yaml" },
      {
        engine,
        hostId: HOST_ID,
        labels: {},
        restorePoints: () => [],
        policy: () => undefined,
        recoveryKeys: () => [recoveryPublicKey(KEY)],
        clock: Date.now,
      },
    );
    const kept = await keep({ hooks: {}, signal: new AbortController().signal });
    await restic.backUp("local", { ...BY, dataset: "host:configuration", ...kept });
    await lost.powerOff();

    const secret = { SHOP_DB__DB_PASSWORD: "hunter22!" };
    const { stdout } = await byHand(other, secret);

    expect(stdout).toContain("shop-db is healthy");
    expect(stdout).toContain("host book-1 is rebuilt");
    expect(await describeShop(other)).toEqual(shop);
    const restored = join(other.dataRoot, "volumes/shop-data/_data");
    expect(readFileSync(join(restored, "shelves"), "utf8")).toBe(SHELVES);
    const { uid, mode } = statSync(join(restored, "shelves"));
    expect([uid, mode & 0o777]).toEqual([1_000, 0o640]);
    expect(statSync(join(restored, "hole")).blocks).toBe(0);

    // A second time everything is there already, and nothing is touched.
    const again = byHand(other, secret);
    await expect(again).rejects.toMatchObject({ stderr: expect.stringContaining("network shop exists") });
  },
);

test(
  "a recovery needs the repository alone, and goes on where it was cut off",
  { timeout: 120_000 },
  async () => {
    const abort = new AbortController();
    const options: RecoverOptions = {
      wanted: { repository: "local", host: hostname() },
      dryRun: false,
      recoveryKey: KEY,
      stateDir: join(folder, "state"),
      engine: openEngine({ socketPath: third.socketPath }),
      restic,
      uncontained: undefined,
      clock: Date.now,
      pause: (ms, { signal }) => setTimeout(ms, undefined, { signal }),
      onProgress: () => undefined,
      signal: abort.signal,
    };
    const begun = Date.now();

    const plan = await recover({ ...options, dryRun: true });
    const isCut = (line: string) => line.startsWith("container shop-db");
    const cut = recover({
      ...options,
      onProgress: (line) => isCut(line) && abort.abort(new Error("cut off")),
    });
    await expect(cut).rejects.toThrow("cut off");
    const report = await recover({ ...options, signal: new AbortController().signal });

    expect(plan.steps.map(({ kind, name, outcome }) => `${outcome} ${kind} ${name}`)).toEqual([
      "planned network shop",
      "planned image acme/app:1",
      "planned volume shop-data",
      "planned container shop-db",
      "planned container shop-job",
      "planned container shop-web",
      "planned start shop-db",
      "planned start shop-web",
    ]);
    expect(report).toMatchObject({ complete: true, warnings: [], host: { name: "book-1" } });
    expect(report.steps.slice(0, 3).map(({ outcome }) => outcome)).toEqual(["kept", "kept", "kept"]);
    const { at = 0 } = report.datasets.find(({ dataset }) => dataset === "volume:shop-data") ?? {};
    expect(report.rpoMs).toBeGreaterThan(0);
    expect(report.rpoMs).toBeLessThan(Date.now() - at);
    expect(report.rtoMs).toBeLessThan(Date.now() - begun);
    expect(await describeShop(third)).toEqual(shop);
    expect(readFileSync(join(third.dataRoot, "volumes/shop-data/_data/shelves"), "utf8")).toBe(SHELVES);

    // What is there is never touched: a second recovery ends before it begins.
    const again = recover({ ...options, signal: new AbortController().signal });
    await expect(again).rejects.toThrow(/nothing was changed:[^]*refuse +volume shop-data/);
    expect(await describeShop(third)).toEqual(shop);
  },
);

test("a lost host is recovered by the agent of another one", { timeout: 120_000 }, async () => {
  const config = join(folder, "agent.yaml");
  const recoveryKey = join(folder, "recovery-key");
  writeFileSync(recoveryKey, KEY, { mode: 0o600 });
  writeFileSync(
    config,
    JSON.stringify({
      collector: "http://127.0.0.1:9",
      docker: `unix://${fourth.socketPath}`,
      stateDir: join(folder, "fourth"),
      repositories: { vault: repository },
    }),
    { mode: 0o600 },
  );

  const { stdout } = await playbook.run("A lost host, with an agent on another one", {
    PATH: path,
    LOST_HOST: hostname(),
    REPOSITORY: "vault",
    RECOVERY_KEY: recoveryKey,
    AGENT_CONFIG: config,
  });

  expect(stdout).toContain("container shop-db");
  expect(await describeShop(fourth)).toEqual(shop);
  expect(readFileSync(join(fourth.dataRoot, "volumes/shop-data/_data/shelves"), "utf8")).toBe(SHELVES);
});

test(
  "a lost collector comes back with what was told to it before its backup",
  { timeout: 120_000 },
  async () => {
    const dataDir = join(folder, "collector");
    const vault = { url: join(folder, "collector-repository"), passwordFile: repository.passwordFile };
    mkdirSync(dataDir);
    const collector = await collectorProgram(dataDir);
    const config = { dataDir, listen: new URL(collector.url).host, backup: { to: vault } };
    const configFile = join(folder, "collector.yaml");
    writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
    try {
      const program = await collector.start();
      const host = await collector.enrolHost();
      await collector.sendEvents(host, 0, 20);
      const backup = collector.run(["--config", configFile, "backup"]);
      expect(await once(backup, "exit")).toEqual([0, null]);
      await collector.sendEvents(host, 20, 5);
      const token = readFileSync(join(dataDir, "admin.token"), "utf8");
      const { newest } = readBackupState(dataDir);
      await kill(program);
      rmSync(dataDir, { recursive: true });

      // Installed anew it knows nothing; backed up by hand all the same, the newest is not what was lost.
      mkdirSync(dataDir);
      const fresh = collector.run(["--config", configFile]);
      writeFileSync(join(folder, "collector.pid"), String(fresh.pid));
      await waitUntil(async () => (await collector.countEvents()) === 0, {
        what: "the fresh collector",
        deadlineMs: 60_000,
      });
      expect(readBackupState(dataDir).newest).toBeUndefined();
      const empty = collector.run(["--config", configFile, "backup"]);
      expect(await once(empty, "exit")).toEqual([0, null]);
      const { stdout } = await playbook.run("A lost collector", {
        PATH: path,
        COLLECTOR_CONFIG: configFile,
        RESTORE_POINT: newest?.restorePoint.slice(0, 12) ?? "",
        SHIPKEEPER_URL: collector.url,
        SHIPKEEPER_TOKEN: token.trim(),
      });

      expect(stdout).toMatch(/restored [0-9a-f]{12}: everything that was told before [^]*web-1/);
      writeFileSync(join(dataDir, "admin.token"), token);
      expect(await collector.countEvents()).toBe(20);
      expect((await collector.sendEvents(host, 25, 5)).ackedThrough).toBe(30);
    } finally {
      await promisify(execFile)(join(folder, "bin/systemctl"), ["stop", "shipkeeper-collector"]);
      collector.close();
    }
  },
);

test("no block of the playbook is left out", () => {
  expect(playbook.notRun()).toEqual([]);
});
