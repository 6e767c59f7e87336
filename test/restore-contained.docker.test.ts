/** What a hostile restore point can reach while restic takes it apart. Runs as root; no engine takes part. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRestic, type Restic } from "@shipkeeper/restic";
import { restoreToPath } from "../agent/src/restore/restore.ts";
import { forgeRestorePoint, type ForgedEntry } from "./agent-lab/forge-restore-point.ts";

let folder: string;
let outside: string;
let restic: Restic;
let repository: { url: string; passwordFile: string };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-contained-"));
  outside = join(folder, "outside");
  mkdirSync(outside);
  repository = { url: join(folder, "repository"), passwordFile: join(folder, "password") };
  writeFileSync(repository.passwordFile, "a long secret\n", { mode: 0o600 });
  restic = (await openRestic({ repositories: { local: repository } }))!;
  await restic.ensureRepository("local");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const forge = (entries: readonly ForgedEntry[]) =>
  forgeRestorePoint(repository, { entries, tags: ["shipkeeper"], at: new Date("2030-01-01") });

/** Restores into a folder of this name, in a cell or as plain restic does. */
async function restore(id: string, name: string, how: "in a cell" | "plain") {
  const [target, cell] = [join(folder, name, "read"), join(folder, name, "cell")];
  mkdirSync(target, { recursive: true });
  mkdirSync(cell, { recursive: true });
  const options = { id, target, cell: how === "plain" ? undefined : cell };
  const error = await restic.restore("local", options).then(
    () => undefined,
    (cause: Error) => cause,
  );
  return { error, data: join(target, "data") };
}

/** Others on this machine make and end mounts of their own meanwhile. */
const mountsHere = () =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(folder));

/** An entry that is a link first and an empty file then: restic 0.14 opens the file through the link. */
const throughLink = (name: string, target: string): ForgedEntry[] => [
  { name, type: "symlink", linktarget: target },
  { name, type: "file", content: "" },
];

test("a restore point that writes through its own links reaches nothing outside, where plain restic does", async () => {
  const victim = join(outside, "victim");
  const attack = forge([
    ...throughLink("truncated", victim),
    ...throughLink("made", join(outside, "made")),
    ...throughLink("host", "/etc/shipkeeper-attacked"),
    ...throughLink("process", `/proc/${process.pid}/root${outside}/by-process`),
    ...throughLink("kernel", "/sys/kernel/uevent_helper"),
    { name: "honest", type: "file", content: "kept" },
  ]);
  writeFileSync(victim, "precious");

  const { error, data } = await restore(attack, "first", "in a cell");

  expect(error?.message).toContain("restore");
  expect(readFileSync(victim, "utf8")).toBe("precious");
  expect(readdirSync(outside)).toEqual(["victim"]);
  expect(existsSync("/etc/shipkeeper-attacked")).toBe(false);
  expect(readFileSync(join(data, "honest"), "utf8")).toBe("kept");

  // The attack is one: what shuts it off is the cell.
  const milder = forge([...throughLink("truncated", victim), ...throughLink("made", join(outside, "made"))]);
  expect((await restore(milder, "second", "plain")).error).toBeUndefined();
  expect(readFileSync(victim, "utf8")).toBe("");
  expect(readdirSync(outside)).toEqual(["made", "victim"]);
});

test("links of an earlier restore into the same folder lead nowhere", async () => {
  const first = forge([{ name: "link", type: "symlink", linktarget: outside }]);
  const second = forge([
    { name: "link", type: "dir", entries: [{ name: "below", type: "file", content: "evil" }] },
  ]);

  await restore(first, "twice", "in a cell");
  const { error } = await restore(second, "twice", "in a cell");

  expect(error).toBeDefined();
  expect(readdirSync(outside)).not.toContain("below");
});

test("names that lead upwards and entries of one name twice are no way out, and are told", async () => {
  const inner = { name: "evil", type: "file", content: "evil" } as const;
  const attack = forge([
    { name: "../../../outside/named", type: "file", content: "evil" },
    { name: "..", type: "dir", entries: [inner] },
    { name: "both", type: "symlink", linktarget: outside },
    { name: "both", type: "dir", entries: [inner] },
    { name: "honest", type: "file", content: "kept" },
  ]);

  const { error, data } = await restore(attack, "names", "in a cell");

  expect(error?.message).toMatch(/errors/);
  expect(readdirSync(outside)).not.toContain("evil");
  expect(readdirSync(outside)).not.toContain("named");
  expect(readFileSync(join(data, "honest"), "utf8")).toBe("kept");
});

test("a restore point that says its content lies elsewhere, or is a link, gives away nothing of the host", async () => {
  const link = { name: "data", type: "symlink", linktarget: outside } as const;
  const forged = (path: string) => {
    const at = new Date("2030-01-01");
    return forgeRestorePoint(repository, {
      entries: [],
      tags: ["shipkeeper"],
      at,
      instead: { top: [link], path },
    });
  };
  writeFileSync(join(outside, "victim"), "precious");
  const restoring = (path: string) =>
    restoreToPath({
      restorePoint: forged(path),
      restic,
      onProgress: () => undefined,
      to: join(folder, "given"),
    });

  await expect(restoring("/data")).rejects.toThrow("its content is neither folder nor file");
  await expect(restoring("/data/victim")).rejects.toThrow("its content lies elsewhere");
  await expect(restoring("/../../outside/victim")).rejects.toThrow("its content lies elsewhere");
  expect(readFileSync(join(outside, "victim"), "utf8")).toBe("precious");
  expect(existsSync(join(folder, "given"))).toBe(false);
});

test("a cell leaves no mount and no file behind, on a host with mounts below the target, too", async () => {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
  try {
    const before = mountsHere();
    const { error, data } = await restore(
      forge([{ name: "honest", type: "file", content: "kept" }]),
      "disk/place",
      "in a cell",
    );

    expect(error).toBeUndefined();
    expect(readFileSync(join(data, "honest"), "utf8")).toBe("kept");
    expect(readdirSync(join(disk, "place", "cell"))).toEqual([]);
    expect(mountsHere()).toEqual(before);
  } finally {
    execFileSync("umount", [disk]);
  }
});
