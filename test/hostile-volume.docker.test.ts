/** One volume with all that can make a restore go wrong, through a backup by an agent and back. Runs as root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openEngine } from "@shipkeeper/docker";
import { createVolume } from "@shipkeeper/lab";
import { openRestic } from "@shipkeeper/restic";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { canDigHoles } from "../agent/src/restore/holes.ts";
import { restoreInto } from "../agent/src/restore/restore.ts";
import { compareTrees } from "./agent-lab/compare-trees.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { oneHost } from "./agent-lab/one-host.ts";

/** What restic 0.14 reads as zeros, stores as few and writes out again: the time goes with it. */
const SPARSE_GIB = Number(process.env["SHIPKEEPER_TEST_SPARSE_GIB"] ?? 2);
const SMALL_FILES = 100_000;

const POLICY = `
policy: lab
hosts: { environment: lab }
rules:
  - backup: data
    mode: enforce
    every: 1h
    select: { volumes: ["*-data"] }
    to: [local]
`;

/** Given the volume's folder, the number of small files and the size of the sparse one. */
const FILL = `
import os, sys
root, small, size = os.fsencode(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
at = lambda name: os.path.join(root, name)
def write(name, content):
    with open(at(name), "wb") as file: file.write(content)
for folder in range(100):
    os.makedirs(at(b"small/%d" % folder))
    for number in range(small // 100):
        write(b"small/%d/%d" % (folder, number), b"%d of %d" % (number, folder))
write(b"line\\nfeed", b"two lines")
write(b"\\xff\\xfe\\x80", b"not UTF-8")
write(b"-rf", b"not an option")
write(b"\${IFS}\`touch made\`;*", b"not a command")
write(b"suid", b"#!/bin/sh\\n")
os.chown(at(b"suid"), 1000, 1001)
os.chmod(at(b"suid"), 0o6755)
os.setxattr(at(b"suid"), "user.colour", b"\\x00\\xffred")
os.mkfifo(at(b"pipe"), 0o622)
os.mknod(at(b"null"), 0o20666, os.makedev(1, 3))
os.symlink(b"/etc/shadow", at(b"shadow"))
os.symlink(b"../../../../outside", at(b"upwards"))
os.symlink(b"upwards/victim", at(b"through"))
os.symlink(b"loop", at(b"loop"))
os.link(at(b"suid"), at(b"small/second"))
sparse = at(b"sparse\\n\\xff")
with open(sparse, "wb") as file:
    file.truncate(size)
    for place in (0, size // 2 + 4097, size - 5): os.pwrite(file.fileno(), b"bytes", place)
os.chown(sparse, 12, 13)
os.chmod(sparse, 0o4750)
os.setxattr(sparse, "user.colour", b"blue")
os.setxattr(sparse, "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
os.link(sparse, at(b"small/second-sparse"))
os.utime(sparse, ns=(1, 1234567890123456789))
os.utime(at(b"pipe"), ns=(1, 1111111111222222223))
os.chmod(root, 0o2750)
os.utime(root, ns=(2, 1111111111222222222))
`;

const lab = oneHost("hostile");

let folder: string;
// Beside the volumes: the folder for temporary files may be small.
beforeAll(() => {
  folder = mkdtempSync(join(dirname(lab.host.dataRoot), "shipkeeper-hostile-"));
  return () => rmSync(folder, { recursive: true, force: true });
});

const SPARSE = Buffer.from("sparse\n\xff", "latin1");
const blocksOf = (root: string) => statSync(Buffer.concat([Buffer.from(`${root}/`), SPARSE])).blocks;

/** What a restore that left its target would have reached. */
function outsideOf(victim: string) {
  const shadow = statSync("/etc/shadow", { bigint: true });
  const marks = [shadow.ino, shadow.mode, shadow.mtimeNs, shadow.ctimeNs].map(String);
  return [...marks, readFileSync(victim, "utf8"), ...readdirSync(dirname(victim))];
}

test("everything in a hostile volume comes back equal, holes stay holes, and nothing is written elsewhere", async () => {
  const began = performance.now();
  const phases: Record<string, number> = {};
  const ended = (phase: string) => (phases[phase] = Math.round(performance.now() - began) / 1000);
  const password = join(folder, "password");
  writeFileSync(password, "a long secret\n", { mode: 0o600 });
  const repositories = { local: { url: join(folder, "repository"), passwordFile: password } };
  const original = await createVolume(lab.host, "hostile-data");
  // Where `upwards` leads from a volume's folder.
  const victim = join(original, "../../../../outside/victim");
  mkdirSync(dirname(victim));
  onTestFinished(() => rmSync(dirname(victim), { recursive: true, force: true }));
  writeFileSync(victim, "precious");
  execFileSync("python3", ["-c", FILL, original, String(SMALL_FILES), String(SPARSE_GIB * 2 ** 30)]);
  const before = outsideOf(victim);
  const rssBefore = process.memoryUsage.rss();
  ended("filled");

  const agent = await keepHostInTest(lab.host, { policy: POLICY, repositories });
  const [run] = await agent.finished("backup", 1, 300_000);
  await agent.stop();
  ended("backed up");
  const step = run?.outcome.steps[0];
  expect(step).toMatchObject({ status: "done" });

  const volume = await restoreInto({
    restorePoint: String(step?.facts?.["restorePoint"]),
    volume: "hostile-restored",
    restic: (await openRestic({ repositories }))!,
    engine: openEngine({ socketPath: lab.host.socketPath }),
    onProgress: () => undefined,
  });
  ended("restored");
  const grownMiB = (process.memoryUsage.rss() - rssBefore) / 2 ** 20;

  const { entries, differences } = compareTrees(original, volume.mountpoint);
  ended("compared");
  console.info(phases, `${Math.round(grownMiB)} MiB more memory, ${blocksOf(volume.mountpoint)} blocks`);
  expect(differences).toEqual([]);
  expect(entries).toBeGreaterThan(SMALL_FILES + 100);
  expect(blocksOf(volume.mountpoint)).toBeLessThanOrEqual(blocksOf(original) + 3 * 8);
  expect(outsideOf(victim)).toEqual(before);
  expect(readdirSync(lab.host.dataRoot).filter((name) => name.startsWith("shipkeeper-"))).toEqual([]);
  expect(grownMiB).toBeLessThan(256);
}, 600_000);

test("whether holes can be dug is found out on the disk itself", async () => {
  const plain = join(folder, "plain");
  mkdirSync(plain);
  execFileSync("mount", ["-t", "ramfs", "ramfs", plain]);
  onTestFinished(() => void execFileSync("umount", [plain]));

  expect(await canDigHoles(plain)).toBe(false);
  expect(await canDigHoles(folder)).toBe(true);
  expect(readdirSync(plain)).toEqual([]);
});
