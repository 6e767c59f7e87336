import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillVolume, startFleet, waitUntil, type Fleet, type LabHost } from "@shipkeeper/lab";
import { everyByteReadSince, type Proof } from "@shipkeeper/policy";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { keepHost } from "./agent-lab/keep-host.ts";

/** Bytes are read in four parts of a second each, or hardly ever. */
const policy = (verify: string) => `
policy: lab
hosts: { environment: lab }
rules:
  - backup: data
    mode: enforce
    every: 1d
    select: { volumes: ["shop-data"] }
    to: [local]
    verify: ${verify}
`;
const EVERYTHING = policy("{ structure: 1s, read: 4s, sample: 1s }");
const STRUCTURE = policy("{ structure: 1s, read: 90d, sample: 90d }");
const BYTES = policy("{ structure: 90d, read: 4s, sample: 90d }");
const SAMPLE = policy("{ structure: 90d, read: 90d, sample: 1s }");

let fleet: Fleet;
let host: LabHost;
let folder: string;
let volume: string;
const long = (name: string) => ({
  path: `files/${name}`,
  content: randomBytes(300_000).toString("base64"),
  modifiedAt: new Date("2024-02-29T12:34:56.789Z"),
});

/** A backup whose every rung was proven: each test breaks a copy of it. */
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "verify" });
  host = fleet.host("verify-1");
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-verify-"));
  writeFileSync(join(folder, "password"), "a long secret\n", { mode: 0o600 });
  volume = await fillVolume(host, "shop-data", [
    long("a"),
    long("[b]*"),
    long("line\nfeed"),
    { path: "files/empty", content: "" },
    { path: "link", symlinkTo: "/etc/shadow" },
  ]);
  const agent = await keep(folder, EVERYTHING);
  await found(agent, ({ level, passed }) => level === "sample" && passed);
  await found(agent, (proof) => everyByteReadSince(proof) !== undefined);
  await agent.stop();
});
afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
});

function keep(at: string, text: string) {
  mkdirSync(join(at, "state"), { recursive: true });
  return keepHost(host, {
    policy: text,
    stateDir: join(at, "state"),
    repositories: { local: { url: join(at, "repository"), passwordFile: join(folder, "password") } },
  });
}
type Kept = Awaited<ReturnType<typeof keep>>;

function found(agent: Kept, isWanted: (proof: Proof) => boolean, what = "a proof"): Promise<Proof> {
  return waitUntil(() => agent.ofKind("proof").find(({ proof }) => isWanted(proof))?.proof, {
    what,
    deadlineMs: 60_000,
  });
}

/** The first proof that an agent files for a copy of the backup, and what it told people. */
async function proofOf(
  text: string,
  spoil: (repository: string) => void | Promise<void>,
  isWanted: (proof: Proof) => boolean,
) {
  const at = mkdtempSync(join(tmpdir(), "shipkeeper-verify-copy-"));
  onTestFinished(() => rmSync(at, { recursive: true, force: true }));
  for (const part of ["state", "repository"]) cpSync(join(folder, part), join(at, part), { recursive: true });
  await spoil(join(at, "repository"));
  const agent = await keep(at, text);
  onTestFinished(() => agent.stop());
  const proof = await found(agent, isWanted);
  await agent.stop();
  return { proof, troubles: agent.ofKind("trouble").map(({ code }) => code), told: agent.ofKind("proof") };
}

const failed = ({ passed }: Proof) => !passed;
const filesBelow = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
function packs(repository: string): { largest: string; smallest: string } {
  const bySize = filesBelow(join(repository, "data")).toSorted((a, b) => statSync(a).size - statSync(b).size);
  return { smallest: bySize.at(0)!, largest: bySize.at(-1)! };
}
function flipBit(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  rmSync(path);
  writeFileSync(path, bytes);
}

test("one flipped bit in a pack is found within one turn of reading everything, and told once", async () => {
  const { proof, troubles, told } = await proofOf(
    BYTES,
    (repository) => flipBit(packs(repository).largest, 1_000),
    failed,
  );

  expect(proof).toMatchObject({ level: "bytes", repository: "local" });
  expect(proof.message).toMatch(/^Pack ID does not match, want [0-9a-f]{8}, got [0-9a-f]{8}$/);
  expect(troubles).toEqual(["repository_damaged"]);
  expect(told.length).toBeLessThanOrEqual(10);
  expect(told.filter(({ proof: { level, passed } }) => level === "structure" && !passed)).toEqual([]);
});

test.for<[string, (repository: string) => void, RegExp]>([
  ["a flipped bit in an index", (at) => flipBit(filesBelow(join(at, "index"))[0]!, 100), /index [0-9a-f]{8}/],
  ["a flipped bit in a folder's list", (at) => flipBit(packs(at).smallest, 50), /blob [0-9a-f]{8} failed/],
  ["a pack that was cut short", (at) => truncateSync(packs(at).largest, 500), /unexpected file size/],
  ["a pack that is gone", (at) => rmSync(packs(at).largest), /pack [0-9a-f]{8}: does not exist/],
])("%s is found by the look at the structure", async ([, spoil, message]) => {
  const { proof, troubles } = await proofOf(STRUCTURE, spoil, failed);

  expect(proof).toMatchObject({ level: "structure", repository: "local" });
  expect(proof.message).toMatch(message);
  expect(troubles).toEqual(["repository_damaged"]);
});

test("a repository that is not there is not damaged: nothing is proven", async () => {
  const at = mkdtempSync(join(tmpdir(), "shipkeeper-verify-copy-"));
  onTestFinished(() => rmSync(at, { recursive: true, force: true }));
  cpSync(join(folder, "state"), join(at, "state"), { recursive: true });
  const agent = await keep(at, STRUCTURE);
  onTestFinished(() => agent.stop());

  const [run] = await agent.finished("verify");

  expect(run?.outcome.steps).toMatchObject([{ status: "failed" }]);
  expect(agent.ofKind("proof")).toEqual([]);
});

test("a look needs no lock, so that neither waits for the other", async () => {
  const { proof } = await proofOf(
    STRUCTURE,
    async (repository) => {
      const holder = spawn("restic", ["-r", repository, "backup", "--no-cache", "--stdin"], {
        stdio: ["pipe", "ignore", "ignore"],
        env: { ...process.env, RESTIC_PASSWORD_FILE: join(folder, "password") },
      });
      onTestFinished(async () => {
        holder.kill("SIGKILL");
        await once(holder, "exit");
      });
      const locks = join(repository, "locks");
      await waitUntil(() => readdirSync(locks).length > 0, { what: "a lock", deadlineMs: 10_000 });
    },
    () => true,
  );

  expect(proof).toMatchObject({ level: "structure", passed: true });
});

test("files that were changed do not count; one that changed without a trace does", async () => {
  const at = (name: string) => join(volume, "files", name);
  writeFileSync(at("a"), "somebody wrote this");
  const afterChange = await proofOf(
    SAMPLE,
    () => undefined,
    () => true,
  );
  expect(afterChange.proof).toMatchObject({
    level: "sample",
    dataset: "volume:shop-data",
    passed: true,
    facts: { files: 4, filesEqual: 2, filesDifferent: 0 },
  });

  const { atime, mtime } = statSync(at("[b]*"));
  flipBit(at("[b]*"), 77);
  utimesSync(at("[b]*"), atime, mtime);
  const afterDecay = await proofOf(SAMPLE, () => undefined, failed);
  expect(afterDecay.proof.message).toBe(
    "1 of 2 compared files differ from the source, which nobody changed since: files/[b]*",
  );
  expect(afterDecay.troubles).toEqual(["backup_differs"]);
  expect(readdirSync(host.dataRoot).filter((name) => name.startsWith("shipkeeper-"))).toEqual([]);
});
