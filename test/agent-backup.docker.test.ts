import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "@shipkeeper/docker";
import { createVolume, fillVolume, startFleet, type Fleet, type LabHost } from "@shipkeeper/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRestic } from "@shipkeeper/restic";
import { restoreInto } from "../agent/src/restore/restore.ts";
import { compareTrees } from "./agent-lab/compare-trees.ts";
import { HOST_ID, type KeepOptions } from "./agent-lab/keep-host.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

const policy = (keep = "") => `
policy: lab
hosts: { environment: lab }
rules:
  - backup: data
    mode: enforce
    every: 1s
    select: { volumes: ["*-data"] }
    to: [local]
    ${keep}
`;

let fleet: Fleet;
let host: LabHost;
let folder: string;
let repositories: NonNullable<KeepOptions["repositories"]>;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "backup" });
  host = fleet.host("backup-1");
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-backup-"));
  writeFileSync(join(folder, "password"), "a long secret\n", { mode: 0o600 });
  repositories = { local: { url: join(folder, "repository"), passwordFile: join(folder, "password") } };
});
afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function fillHostile(name: string): Promise<string> {
  const root = await fillVolume(host, name, [
    { path: "notes/-rf", content: "not an option", mode: 0o600, uid: 1_000, gid: 1_001 },
    { path: "line\nfeed", content: "two lines" },
    { path: "suid", content: "#!/bin/sh\n", mode: 0o4755 },
    { path: "notes/link", symlinkTo: "../suid", uid: 7, gid: 8 },
    { path: "dangling", symlinkTo: "/nowhere/at all" },
    { path: "absolute", symlinkTo: "/etc/passwd" },
    { path: "first", content: "shared content" },
    { path: "notes/second", hardlinkTo: "first" },
    { path: "hole", sparseBytes: 64 * 2 ** 20 },
    { path: "empty", folder: true, mode: 0o1777 },
    { path: "old", content: "", modifiedAt: new Date("1999-12-31T23:59:59.123Z") },
  ]);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x80])]), "not UTF-8");
  execFileSync("python3", [
    "-c",
    `import os,sys
os.setxattr(sys.argv[1] + "/first", "user.colour", b"\\x00\\xffred")
os.utime(sys.argv[1] + "/suid", ns=(1, 1234567890123456789))
os.chown(sys.argv[1], 999, 998)
os.chmod(sys.argv[1], 0o2750)
os.utime(sys.argv[1], ns=(2, 1111111111222222222))`,
    root,
  ]);
  return root;
}

async function backUpOnce(options: Partial<KeepOptions> = {}) {
  const agent = await keepHostInTest(host, { policy: policy(), repositories, ...options });
  const [run] = await agent.finished("backup");
  await agent.stop();
  return { run: run!, agent };
}

test("a volume comes back byte for byte: names, owners, modes, times, links, attributes and holes", async () => {
  const original = await fillHostile("hostile-data");
  const { run } = await backUpOnce();
  const point = String(run.outcome.steps[0]?.facts?.["restorePoint"]);
  const restic = (await openRestic({ repositories }))!;
  const lines: string[] = [];

  const volume = await restoreInto({
    restorePoint: point.slice(0, 10),
    volume: "hostile-restored",
    restic,
    engine: openEngine({ socketPath: host.socketPath }),
    onProgress: (line) => lines.push(line),
  });

  expect(run.outcome.steps).toMatchObject([{ status: "done", facts: { repository: "local" } }]);
  expect(compareTrees(original, volume.mountpoint)).toEqual({ entries: 14, differences: [] });
  expect(statSync(join(volume.mountpoint, "hole")).blocks).toBe(0);
  expect(lines.at(-1)).toBe("volume hostile-restored is restored");
  expect(execFileSync("ls", [host.dataRoot], { encoding: "utf8" })).not.toContain("shipkeeper-restore");
});

test("what is restored stands on its own: an existing volume is refused, an unknown point lists what there is", async () => {
  const restic = (await openRestic({ repositories }))!;
  const engine = openEngine({ socketPath: host.socketPath });
  const restore = (restorePoint: string, volume: string) =>
    restoreInto({ restorePoint, volume, restic, engine, onProgress: () => undefined });

  await expect(restore("0123", "hostile-restored")).rejects.toThrow("volume hostile-restored exists");
  await expect(restore("00000000", "other")).rejects.toThrow(
    /no restore point begins with 00000000.*hostile-data of host \S+  in local/s,
  );
  expect((await engine.volumes()).map(({ name }) => name)).not.toContain("other");
});

test("tells the collector what the repository holds, with sizes, and remembers it", async () => {
  const { agent, run } = await backUpOnce();
  const [told] = agent.ofKind("restore-points");

  const ids = told?.points.map(({ id }) => id);
  expect(ids).toContain(run.outcome.steps[0]?.facts?.["restorePoint"]);
  expect(told?.points.at(-1)).toMatchObject({
    repository: "local",
    dataset: "volume:hostile-data",
    policy: "lab",
    rule: "data",
    runId: run.runId,
  });
  expect(told?.points.at(-1)?.bytes).toBeGreaterThan(64 * 2 ** 20);
});

test("a wrong password fails the step with one sentence and leaves the repository alone", async () => {
  const wrong = join(folder, "wrong");
  writeFileSync(wrong, "guessed\n");
  chmodSync(wrong, 0o600);
  const { run } = await backUpOnce({
    repositories: { local: { url: join(folder, "repository"), passwordFile: wrong } },
  });

  expect(run.outcome.steps).toMatchObject([
    { status: "failed", error: expect.stringContaining("its password is wrong") },
  ]);
});

test("old restore points of the rule go, another rule's and another volume's stay, the newest always", async () => {
  const root = await createVolume(host, "second-data");
  // Two of now: to what nothing new comes, nothing goes, and where none is proven, two stay.
  await backUpOnce();
  await backUpOnce();
  const old = [
    "--time",
    "2020-01-01 00:00:00",
    "--host",
    HOST_ID,
    "--tag",
    "shipkeeper",
    "--tag",
    "policy=lab",
  ];
  restic("backup", ...old, "--tag", "dataset=volume:second-data", "--tag", "rule=data", root);
  restic("backup", ...old, "--tag", "dataset=volume:second-data", "--tag", "rule=other", root);
  restic("backup", ...old, "--tag", "dataset=volume:gone-data", "--tag", "rule=data", root);

  const agent = await keepHostInTest(host, { policy: policy("keep: { within: 1h }"), repositories });
  await agent.finished("retain", 1, 100_000); // it may wait for the first check's lock
  const points = agent.ofKind("restore-points").at(-1)?.points ?? [];
  const old2020 = points
    .filter(({ at }) => at < Date.parse("2021-01-01"))
    .map(({ dataset, rule }) => `${dataset} by ${rule}`);
  expect(old2020.sort()).toEqual(["volume:gone-data by data", "volume:second-data by other"]);
  expect(points.filter(({ at }) => at > Date.parse("2021-01-01")).length).toBeGreaterThanOrEqual(4);
  expect(agent.ofKind("trouble")).toEqual([]);
}, 120_000);

function resticEnvironment(): NodeJS.ProcessEnv {
  const { url, passwordFile } = repositories["local"]!;
  return { ...process.env, RESTIC_REPOSITORY: url, RESTIC_PASSWORD_FILE: passwordFile };
}

function restic(...args: string[]): void {
  execFileSync("restic", ["--no-cache", ...args], {
    env: resticEnvironment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
}
