import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSnapshots, readSummary } from "./answers.ts";
import { openRestic } from "./restic.ts";
import type { NoteUse } from "./run-in-repository.ts";
import { tagOf } from "./tags.ts";
import { runRestic } from "./run-restic.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-restic-"));
  mkdirSync(join(folder, "data"));
  REPOSITORY.passwordFile = join(folder, "password");
  writeFileSync(REPOSITORY.passwordFile, "secret");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const REPOSITORY = { url: "/nowhere/repository", passwordFile: "" };
const ID = "ab".repeat(32);

/** A program that answers as restic does, by its first argument that is no option. */
function fakeRestic(script: string): string {
  const file = join(folder, "restic");
  writeFileSync(
    file,
    `#!/bin/sh\nif [ "$1" = version ]; then echo "restic 0.14.0 compiled with go"; exit 0; fi\n${script}\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

const request = () => ({
  hostId: "host",
  dataset: "volume:data",
  folder: join(folder, "data"),
  policy: "p",
  rule: "r",
  runId: "run",
});

test("there is no restic where no program answers", async () => {
  expect(await openRestic({ repositories: {}, binary: join(folder, "absent") })).toBeUndefined();
});

test("a backup that could not read every file is no backup, and is marked in the repository", async () => {
  const calls = join(folder, "calls");
  const binary = fakeRestic(
    `echo "$2" >> ${calls}; if [ "$2" = backup ]; then echo "file gone" >&2; exit 3; fi`,
  );
  const restic = (await openRestic({ repositories: { local: REPOSITORY }, binary }))!;

  await expect(restic.backUp("local", request())).rejects.toMatchObject({
    code: "backup_incomplete",
    message: "cannot back up volume:data in repository local: some files could not be read: file gone",
  });
  expect(readFileSync(calls, "utf8")).toBe("backup\ntag\n");
});

test("a success without a restore point in the repository's own list is a failure", async () => {
  const summary = JSON.stringify({ message_type: "summary", snapshot_id: ID.slice(0, 8) });
  const binary = fakeRestic(`if [ "$2" = backup ]; then echo '${summary}'; else echo '[]'; fi`);
  const restic = (await openRestic({ repositories: { local: REPOSITORY }, binary }))!;

  await expect(restic.backUp("local", request())).rejects.toThrow(
    "the repository does not list the restore point",
  );
});

test("a restore point is known by the name of its file, and restic is not asked again", async () => {
  const url = join(folder, "repository");
  const [calls, times] = [join(folder, "calls"), join(folder, "times")];
  mkdirSync(join(url, "snapshots"), { recursive: true });
  writeFileSync(join(url, "snapshots", ID), "");
  const summary = JSON.stringify({ message_type: "summary", snapshot_id: ID.slice(0, 8), data_added: 7 });
  const binary = fakeRestic(`echo "$2" >> ${calls}; echo "$TZ $*" > ${times}; echo '${summary}'`);
  const now = Date.parse("2030-01-31T02:03:04.900Z");
  const restic = (await openRestic({
    repositories: { local: { ...REPOSITORY, url } },
    binary,
    clock: () => now,
  }))!;

  const { snapshot, addedBytes } = await restic.backUp("local", request());

  expect([snapshot.id, snapshot.at, addedBytes]).toEqual([ID, now, 7]);
  expect(snapshot).toMatchObject({ hostname: "host", paths: [join(folder, "data")] });
  expect(tagOf(snapshot, "dataset")).toBe("volume:data");
  expect(readFileSync(calls, "utf8")).toBe("backup\n");
  expect(readFileSync(times, "utf8")).toMatch(/^UTC .*--time 2030-01-31 02:03:04\.900 /);
});

test("a source that does not exist is refused before restic could succeed with it", async () => {
  const restic = (await openRestic({ repositories: { local: REPOSITORY }, binary: fakeRestic("exit 0") }))!;

  const backup = restic.backUp("local", { ...request(), folder: join(folder, "absent") });

  await expect(backup).rejects.toThrow(/cannot look at .*absent of volume:data/);
});

test("a program that hangs is ended with all that it started, and the message says what was tried", async () => {
  const pids = join(folder, "pids");
  const binary = fakeRestic(`echo $$ > ${pids}; sh -c 'echo $$ >> ${pids}; exec sleep 1000'; :`);
  const call = {
    binary,
    attempt: "back up volume data",
    repository: { name: "local", ...REPOSITORY },
    args: ["backup"],
  };

  await expect(runRestic({ ...call, deadlineMs: 300 })).rejects.toThrow(
    "restic, asked to back up volume data, took longer than 300 ms",
  );

  // What was killed closes its pipes a moment before it is gone.
  const alive = () => readFileSync(pids, "utf8").trim().split("\n").filter(isAlive);
  await expect.poll(alive).toEqual([]);
});

/** Not gone, and not merely waiting for its parent to notice that it is. */
function isAlive(pid: string): boolean {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
  return stat !== "" && !/\) Z /.test(stat);
}

test.for([
  ["cannot be opened", "wrong password or no key found", "exit 1", "source"],
  ["holds what is damaged", "ciphertext verification failed", "exit 0", "source"],
  ["is whole", "wrong password or no key found", "exit 0", "target"],
] as const)(
  "a copy from a repository that %s is noted where the trouble is",
  async ([, said, opened, whose]) => {
    const binary = fakeRestic(
      `echo "${said}" >&2; [ "$2" = cat ] && [ "$RESTIC_REPOSITORY" = /source ] && ${opened}; exit 1`,
    );
    const notes: string[] = [];
    const repositories = { source: { ...REPOSITORY, url: "/source" }, target: REPOSITORY };
    const noteUse: NoteUse = (name, { isSource = false }) => notes.push(`${name} ${isSource}`);
    const restic = (await openRestic({ repositories, binary, noteUse }))!;

    const request = { from: "source", id: ID, hostId: "host", dataset: "volume:data", runId: "run" };
    const copying = restic.copy("target", request);

    await expect(copying).rejects.toThrow(
      `cannot copy volume:data from source to target in repository ${whose}:`,
    );
    expect(notes).toEqual([`${whose} ${whose === "source"}`]);
  },
);

test("summaries and lists are read leniently: unknown lines, missing zeros, new fields", () => {
  expect(
    readSummary([
      "warning: not JSON",
      '{"message_type":"status","percent_done":1}',
      '{"message_type":"summary","snapshot_id":"abcd1234","new":1}',
    ]),
  ).toMatchObject({ snapshot_id: "abcd1234", data_added: 0, total_files_processed: 0 });
  expect(readSummary(['{"message_type":"verbose_status"}'])).toBeUndefined();

  const listed = [
    { id: ID, time: "2030-01-31T02:00:00.123456789+01:00", hostname: "h", paths: ["/a"], tags: null },
    { broken: true },
  ];
  expect(readSnapshots([JSON.stringify(listed)])).toMatchObject([
    { id: ID, at: Date.parse("2030-01-31T01:00:00.123Z"), tags: [] },
  ]);
  expect(readSnapshots(["null"])).toEqual([]);
});
