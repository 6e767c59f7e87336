/**
 * What befalls a backup repository, from the fault on a disk or a wire to the alert that a person reads: the built programs,
 * the real restic. Each fault is one alert, gone when it is mended, and costs no restore point that was there before.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createVolume,
  fillVolume,
  flakyLink,
  smallDisk,
  startFleet,
  startRestServer,
  startSpine,
  waitUntil,
  type Fleet,
  type FlakyLink,
  type RestServer,
  type SmallDisk,
  type Spine,
} from "@shipkeeper/lab";
import { alertsPageSchema, restorePointsPageSchema, type ApiAlert } from "@shipkeeper/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Each has its own volume and its own rule, so that none waits for another one's trouble. */
const REPOSITORIES = ["locked-out", "cut-off", "frozen", "rotten"] as const;
const POLICY = `
policy: fleet
hosts: { test: alerts }
mode: enforce
rules:
${REPOSITORIES.map(
  (name) => `
  - backup: ${name}
    every: 3s
    select: { volumes: ["${name}"] }
    to: [${name}]
    verify: ${name === "rotten" ? "{ structure: 4s, read: 4s }" : "{ structure: 30d }"}`,
).join("")}
`;

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-alerts-"));
const passwordFile = join(folder, "password");
const lockedOutPassword = join(folder, "locked-out.password");
let fleet: Fleet;
let server: RestServer;
let link: FlakyLink;
let disk: SmallDisk;
let spine: Spine;

beforeAll(async () => {
  mkdirSync(join(folder, "policies"));
  writeFileSync(join(folder, "policies/fleet.yaml"), POLICY);
  for (const file of [passwordFile, lockedOutPassword])
    writeFileSync(file, "a long secret\n", { mode: 0o600 });
  fleet = await startFleet({ hosts: ["shop-1"] });
  server = await startRestServer({ address: fleet.gateway });
  link = await flakyLink({ listen: { host: fleet.gateway, port: 0 }, target: server.address });
  disk = await smallDisk({ megabytes: 32 });
  execFileSync("restic", ["-r", `${server.url}shop`, "-p", passwordFile, "init"], { stdio: "ignore" });
  for (const name of REPOSITORIES) {
    await createVolume(fleet.host("shop-1"), name);
    await fillVolume(fleet.host("shop-1"), name, [
      { path: "shelves", content: Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at) % 251)) },
    ]);
  }
  spine = await startSpine({
    fleet,
    folder,
    labelsOf: () => ({ test: "alerts" }),
    repositories: {
      "locked-out": { url: join(folder, "locked-out"), passwordFile: lockedOutPassword },
      "cut-off": { url: `rest:http://${fleet.gateway}:${link.address.port}/shop`, passwordFile },
      frozen: { url: join(disk.path, "repository"), passwordFile },
      rotten: { url: join(folder, "rotten"), passwordFile },
    },
  });
  await spine.addAgent(fleet.host("shop-1"));
}, 120_000);

afterAll(async () => {
  await spine?.stop();
  await link?.stop();
  await server?.stop();
  await disk?.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function alerts(query: string): Promise<readonly ApiAlert[]> {
  return alertsPageSchema.parse(await spine.read(`/api/v1/alerts?limit=100${query}`)).items;
}

const inShort = (all: readonly ApiAlert[]) =>
  all.map(({ kind, subject, title }) => `${kind} ${subject}: ${title.replace(/^.* of shop-1 /, "")}`).sort();

async function restorePoints(repository: string): Promise<string[]> {
  const page = await spine.read(`/api/v1/restore-points?repository=${repository}&limit=200`);
  return restorePointsPageSchema.parse(page).items.map(({ id }) => id);
}

/** What the repository itself lists, asked past the agent. */
function listed(url: string): string[] {
  const args = ["-r", url, "-p", passwordFile, "--no-lock", "--no-cache", "snapshots", "--json"];
  const answer = JSON.parse(execFileSync("restic", args, { encoding: "utf8" })) as { id: string }[];
  return answer.map(({ id }) => id);
}

/** The one with the content: the smaller ones hold names. */
function largestPack(repository: string): string {
  const files = readdirSync(join(repository, "data"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? "";
}

const remount = (how: "ro" | "rw") => execFileSync("mount", ["-o", `remount,${how}`, disk.path]);

test("each trouble of a repository is one alert until it is mended", { timeout: 300_000 }, async () => {
  await spine.pushPolicy(join(folder, "policies"));
  await waitUntil(
    async () => (await Promise.all(REPOSITORIES.map(restorePoints))).every((points) => points.length >= 1),
    { what: "a restore point in each repository", deadlineMs: 120_000 },
  );
  const before = new Map<string, string[]>();
  for (const name of REPOSITORIES) before.set(name, await restorePoints(name));
  expect(inShort(await alerts(""))).toEqual([]);

  const pack = largestPack(join(folder, "rotten"));
  const whole = readFileSync(pack);
  const rotten = Buffer.from(whole);
  rotten[1_000] = (rotten[1_000] ?? 0) ^ 1;
  writeFileSync(pack, rotten);
  writeFileSync(lockedOutPassword, "another secret\n");
  remount("ro");
  link.cut();
  await waitUntil(async () => (await alerts("&open=true")).length >= REPOSITORIES.length, {
    what: "an alert for each repository",
    deadlineMs: 120_000,
  });

  expect(inShort(await alerts("&open=true"))).toEqual([
    "repository cut-off: cannot be reached",
    "repository frozen: cannot be written to",
    "repository locked-out: does not open: its password is wrong",
    "repository rotten: is damaged: what is in it may not come back",
  ]);

  writeFileSync(pack, whole);
  writeFileSync(lockedOutPassword, readFileSync(passwordFile));
  remount("rw");
  link.heal();
  const noneIsOpen = async () => {
    expect(inShort(await alerts("&open=true"))).toEqual([]);
    return true;
  };
  await waitUntil(noneIsOpen, { what: "every alert to resolve", deadlineMs: 120_000 });

  expect((await alerts("")).map(({ subject, count }) => `${subject} ${count}`).sort()).toEqual(
    REPOSITORIES.map((name) => `${name} 1`).sort(),
  );
  for (const [name, url] of [
    ["locked-out", join(folder, "locked-out")],
    ["cut-off", `${server.url}shop`],
    ["frozen", join(disk.path, "repository")],
    ["rotten", join(folder, "rotten")],
  ] as const)
    expect(listed(url)).toEqual(expect.arrayContaining(before.get(name) ?? []));
});
