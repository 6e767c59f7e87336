import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
import { describeShop, openShop, SHELVES } from "./recovery-lab/shop.ts";

const HOST_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-00000000000a");
const RUN_ID = runIdSchema.parse("5d0c1f0e-0000-4000-8000-00000000000b");
const KEY = makeRecoveryKey();
const BY = { hostId: HOST_ID, policy: "lab", rule: "all", runId: RUN_ID };

let fleet: Fleet;
let lost: LabHost;
let other: LabHost;
let third: LabHost;
let shop: Awaited<ReturnType<typeof describeShop>>;
let folder: string;
let repository: { url: string; passwordFile: string };
let restic: Restic;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 3, prefix: "book" });
  [lost, other, third] = [fleet.host("book-1"), fleet.host("book-2"), fleet.host("book-3")];
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-runbook-"));
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

/** Nothing but bash, restic and docker: no agent, no collector. */
function runRunbook(host: LabHost, secrets: Readonly<Record<string, string>>) {
  const file = join(folder, "RUNBOOK.txt");
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    TMPDIR: folder,
    DOCKER_HOST: `unix://${host.socketPath}`,
    RESTIC_REPOSITORY: repository.url,
    RESTIC_PASSWORD_FILE: repository.passwordFile,
    ...secrets,
  };
  return promisify(execFile)("bash", [file], { env, maxBuffer: 2 ** 20 });
}

test(
  "a host's runbook, run as it is by a shell, rebuilds it on another engine",
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
      { stateDir: folder, guardrails: "/nowhere/guardrails.yaml", recoveryKeys: [recoveryPublicKey(KEY)] },
      {
        engine,
        hostId: HOST_ID,
        labels: {},
        restorePoints: () => [],
        policy: () => undefined,
        clock: Date.now,
      },
    );
    const kept = await keep(new AbortController().signal);
    await restic.backUp("local", { ...BY, dataset: "host:configuration", ...kept });
    await lost.powerOff();

    const dump = ["dump", "latest", "--host", HOST_ID, "--tag", "dataset=host:configuration"];
    const { stdout: runbook } = await promisify(execFile)(
      "restic",
      [...dump, join(kept.folder, "RUNBOOK.txt")],
      {
        env: {
          ...process.env,
          RESTIC_REPOSITORY: repository.url,
          RESTIC_PASSWORD_FILE: repository.passwordFile,
        },
      },
    );
    writeFileSync(join(folder, "RUNBOOK.txt"), runbook);
    const secret = { SHOP_DB__DB_PASSWORD: "hunter22!" };
    const { stdout } = await runRunbook(other, secret);

    expect(stdout).toContain("shop-db is healthy");
    expect(stdout).toContain("host book-1 is rebuilt");
    expect(await describeShop(other)).toEqual(shop);
    const restored = join(other.dataRoot, "volumes/shop-data/_data");
    expect(readFileSync(join(restored, "shelves"), "utf8")).toBe(SHELVES);
    const { uid, mode } = statSync(join(restored, "shelves"));
    expect([uid, mode & 0o777]).toEqual([1_000, 0o640]);
    expect(statSync(join(restored, "hole")).blocks).toBe(0);

    // A second time everything is there already, and nothing is touched.
    const again = await runRunbook(other, secret).catch((error: { stderr: string }) => error);
    expect(again.stderr).toContain("network shop exists");
  },
);

test(
  "a lost host is recovered from the repository alone, and goes on where it was cut off",
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
