import { expect, test } from "vitest";
import { explainExit, isHopeless } from "./restic-errors.ts";

/** What restic 0.14.0 said when these things were done to a repository. */
const SAID = {
  wrongPassword: "Fatal: wrong password or no key found",
  noFolder: `Fatal: unable to open config file: stat /srv/r/config: no such file or directory
Is there a repository at the following location?
/srv/r`,
  noneAtRestServer: `Fatal: unable to open config file: <config/> does not exist
Is there a repository at the following location?
rest:http://127.0.0.1:18999/none/`,
  deadRestServer: `Fatal: unable to open config file: client.Head: Head "http://127.0.0.1:1/config": dial tcp 127.0.0.1:1: connect: connection refused
Is there a repository at the following location?
rest:http://127.0.0.1:1/`,
  restServerAsksWhoThatIs: `Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized
Is there a repository at the following location?
rest:http://127.0.0.1:18999/r/`,
  deadS3: `Fatal: unable to open config file: Stat: Get "http://127.0.0.1:1/bucket/?location=": dial tcp 127.0.0.1:1: connect: connection refused
Is there a repository at the following location?
s3:http://127.0.0.1:1/bucket`,
  sshDead: `subprocess ssh: ssh: connect to host 127.0.0.1 port 1: Connection refused
Fatal: unable to open repository at sftp:root@127.0.0.1:/srv/r: unable to start the sftp session, error: EOF`,
  sshRefuses: `subprocess ssh: Warning: Identity file /nonexist not accessible: No such file or directory.
subprocess ssh: root@127.0.0.1: Permission denied (publickey,keyboard-interactive).
Fatal: unable to open repository at sftp:root@127.0.0.1:/srv/r: unable to start the sftp session, error: EOF`,
  sshUnknownHost: `subprocess ssh: No ED25519 host key is known for [127.0.0.1]:12222 and you have requested strict checking.
subprocess ssh: Host key verification failed.
Fatal: unable to open repository at sftp:root@127.0.0.1:/srv/r: unable to start the sftp session, error: read |0: file already closed`,
  rcloneUnknownRemote: `rclone: 2026/11/22 16:39:13 Failed to create file system for "nonsuch:foo": didn't find section in config file
Fatal: unable to open repository at rclone:nonsuch:foo: error talking HTTP to rclone: context canceled`,
  fullDisk: `Fatal: unable to save snapshot: write /srv/r/data/80/8063401a3c8f2b2d35ef-tmp-1715091000: no space left on device`,
  fullTemporaryDisk: `Fatal: unable to save snapshot: write /tmp/restic-temp-pack-1715091000: no space left on device`,
  readOnlyDisk: `Save(<lock/207cfaafa5>) returned error, retrying after 552.330144ms: open /srv/r/locks/207cfaafa53b-tmp-1400818440: read-only file system`,
  appendOnly: `Remove(<snapshot/a7c559a494>) returned error, retrying after 552.330144ms: blob not removed, server response: 403 Forbidden (403)`,
  locked: `unable to create lock in backend: repository is already locked exclusively by PID 27491 on vm by root (UID 0, GID 0)
lock was created at 2026-11-22 16:36:38 (20.568590032s ago)
storage ID 412aa1ee
the \`unlock\` command can be used to remove stale locks`,
  flippedBit: `error for tree 37143547:
  decrypting blob 37143547d24b70fa26c9989f6938dbddf1d2d1b05ebdf3116a56b34631fd7c12 failed: ciphertext verification failed
Pack ID does not match, want e8b35c36996721b44df9ec0fd2e84d3f0573743786cbf008102a1d72e0caef17, got 3761e73f1e1046033a47002de71507410b0647e00b6269a9c48250566e404582
Fatal: repository contains errors`,
  flippedBitInRestore: `ignoring error for /d: decrypting blob 37143547d24b70fa26c9989f6938dbddf1d2d1b05ebdf3116a56b34631fd7c12 failed: ciphertext verification failed
Fatal: There were 2 errors`,
  damagedIndex: "Fatal: load <index/d9be5f79a9>: invalid data returned",
  damagedConfig:
    "Fatal: config or key bf7af9166e1d65b8923c14ea88f7b3c6a992f43b198075ee72f91b5c819860b7 is damaged: ciphertext verification failed",
  lostIndex: `ignoring error for /: id 136f2862ed617a4949164c69c15a4d53524752ab0ffa916120805a0cc8d17715 not found in repository
Fatal: There were 2 errors`,
  lostPack: `Load(<data/e8b35c3699>, 244, 366) returned error, retrying after 552.330144ms: open /srv/r/data/e8/e8b35c36996721b44df9ec0fd2e84d3f0573743786cbf008102a1d72e0caef17: no such file or directory`,
  sourceNotReadable: `error: open /volumes/data/secret: permission denied
Fatal: unable to save snapshot: nothing was read`,
  targetFull: `ignoring error for /f: write /volumes/.restore/f: no space left on device
Fatal: There were 1 errors`,
  sftpServerRefusesToWrite: `Save(<data/92b939fb5c>) returned error, retrying after 552.330144ms: Write: sftp: "Failure" (SSH_FX_FAILURE)`,
};

const explain = (code: number | null, stderr: string) =>
  explainExit({ attempt: "back up volume:data", repository: "local", code, stderr });

test.for([
  ["wrongPassword", "repository_password_wrong"],
  ["noFolder", "repository_absent"],
  ["noneAtRestServer", "repository_absent"],
  ["deadRestServer", "repository_unreachable"],
  ["restServerAsksWhoThatIs", "repository_unreachable"],
  ["deadS3", "repository_unreachable"],
  ["sshDead", "repository_unreachable"],
  ["sshRefuses", "repository_unreachable"],
  ["sshUnknownHost", "repository_unreachable"],
  ["rcloneUnknownRemote", "repository_unreachable"],
  ["fullDisk", "repository_full"],
  ["fullTemporaryDisk", "restic_failed"],
  ["readOnlyDisk", "repository_read_only"],
  ["appendOnly", "repository_read_only"],
  ["locked", "repository_locked"],
  ["flippedBit", "repository_damaged"],
  ["flippedBitInRestore", "repository_damaged"],
  ["damagedIndex", "repository_damaged"],
  ["damagedConfig", "repository_damaged"],
  ["lostIndex", "repository_damaged"],
  ["lostPack", "repository_damaged"],
  ["sourceNotReadable", "restic_failed"],
  ["targetFull", "restic_failed"],
  ["sftpServerRefusesToWrite", "restic_failed"],
] as const)("what restic says of %s is %s", ([what, code]) => {
  expect(explain(1, SAID[what]).code).toBe(code);
});

test.for([
  [3, "backup_incomplete"],
  [10, "repository_absent"],
  [11, "repository_locked"],
  [12, "repository_password_wrong"],
  [130, "restic_failed"],
  [null, "restic_failed"],
] as const)("exit code %s alone is %s", ([code, expected]) => {
  expect(explain(code, "").code).toBe(expected);
});

test.for([40_404, 14_041, 40_312])("port %i is no answer of a server", (port) => {
  const said = `Fatal: unable to open config file: client.Head: Head "http://127.0.0.1:${port}/shop/config": EOF`;

  expect(explain(1, said)).toMatchObject({
    code: "repository_unreachable",
    message: expect.stringContaining("it cannot be opened"),
  });
});

test("files that could not be read are no trouble of the repository, whatever their errors say", () => {
  const problem = explain(3, "error: open /volumes/data/secret: permission denied");

  expect(problem.code).toBe("backup_incomplete");
});

test("the sentence says what was tried, where, and quotes the line that shows why", () => {
  expect(explain(1, SAID.readOnlyDisk).message).toBe(
    "cannot back up volume:data in repository local: nothing can be written to it, or deleted: open /srv/r/locks/207cfaafa53b-tmp-1400818440: read-only file system",
  );
  expect(explain(1, "Fatal: odd\nrest:https://shop:secret@backup/r is odd").message).toBe(
    "cannot back up volume:data in repository local: restic failed with exit code 1: Fatal: odd; rest:https://***@backup/r is odd",
  );
});

test("only an answer that stays no is not asked for again", () => {
  expect([SAID.readOnlyDisk, SAID.appendOnly].map(isHopeless)).toEqual([true, true]);
  expect([SAID.sftpServerRefusesToWrite, SAID.lostPack, SAID.fullDisk].map(isHopeless)).toEqual([
    false,
    false,
    false,
  ]);
});

test("of a copy, what is damaged is where it reads, unless it is an index or a key of either", () => {
  const copying = (stderr: string) =>
    explainExit({ attempt: "copy volume:data", repository: "offsite", from: "local", code: 1, stderr });

  expect(copying("ciphertext verification failed")).toMatchObject({
    repository: "local",
    message:
      "cannot copy volume:data in repository local: what it holds is damaged: ciphertext verification failed",
  });
  expect(copying(SAID.lostPack).repository).toBe("local");
  for (const stderr of [SAID.damagedIndex, SAID.damagedConfig, SAID.fullDisk, "what nobody knows"])
    expect(copying(stderr).repository).toBe("offsite");
});
