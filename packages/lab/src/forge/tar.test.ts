import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { FileEntry } from "./file-entry.ts";
import { tarArchive } from "./tar.ts";

/** What Debian's tar makes of an archive, one line per entry. */
function listed(entries: readonly FileEntry[]): string[] {
  const { stdout, stderr } = spawnSync(
    "tar",
    ["--list", "--verbose", "--numeric-owner", "--utc", "--full-time", "--quoting-style=escape", "-f", "-"],
    { input: tarArchive(entries), encoding: "utf8" },
  );
  return (stdout + stderr)
    .trim()
    .split("\n")
    .map((line) => line.replaceAll(/ +/g, " "));
}

test("tar reads back modes, owners, times, sizes and links", () => {
  const modifiedAt = new Date("2001-02-03T04:05:06Z");

  const lines = listed([
    { path: "bin", folder: true, mode: 0o750 },
    { path: "bin/su", content: "#!", mode: 0o4755, uid: 1000, gid: 50, modifiedAt },
    { path: "bin/sudo", hardlinkTo: "bin/su" },
    { path: "bin/sh", symlinkTo: "su" },
    { path: "zeros", sparseBytes: 700 },
  ]);

  expect(lines).toEqual([
    "drwxr-x--- 0/0 0 1970-01-01 00:00:00 bin/",
    "-rwsr-xr-x 1000/50 2 2001-02-03 04:05:06 bin/su",
    "hrw-r--r-- 0/0 0 1970-01-01 00:00:00 bin/sudo link to bin/su",
    "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 bin/sh -> su",
    "-rw-r--r-- 0/0 700 1970-01-01 00:00:00 zeros",
  ]);
});

test.each([
  ["of 100 characters", "a".repeat(100)],
  ["of 101 characters", "a".repeat(101)],
  ["of 5000 characters", `${"folder/".repeat(700)}file`],
  ["with a line feed", "one\ntwo"],
  ["in another alphabet", "Ж"],
])("tar reads back a name %s", (_, path) => {
  const result = spawnSync("tar", ["--list", "--null", "--quoting-style=literal", "-f", "-"], {
    input: tarArchive([{ path, content: "x" }]),
    encoding: "utf8",
    env: { LC_ALL: "C.UTF-8", PATH: process.env["PATH"] },
  });

  expect(result.stdout.replace(/\n$/, "")).toBe(path);
});

test("tar reads back a long target of a link", () => {
  const [line] = listed([{ path: "link", symlinkTo: "t".repeat(300) }]);

  expect(line).toContain(`link -> ${"t".repeat(300)}`);
});

test("the same entries give the same bytes", () => {
  const entries: FileEntry[] = [{ path: "a", content: "b" }];

  expect(tarArchive(entries).equals(tarArchive(entries))).toBe(true);
});
