/**
 * Backup repositories for real: restic against each kind of back end that a machine can have by itself, and against what
 * goes wrong with them. S3 has no server here: that its address and credentials reach restic is tested beside the source.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flakyLink, smallDisk, startRestServer, startSftpServer, waitUntil } from "@shipkeeper/lab";
import { keepSchema } from "@shipkeeper/policy";
import { openRestic, OURS, tag, type Repositories, type Restic } from "@shipkeeper/restic";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { keepRepository, type KeeperSaid } from "../agent/src/keeper/keep-repository.ts";
import { repositoryCommands } from "../agent/src/repository-commands.ts";

let folder: string;
let passwordFile: string;
let runs: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-repositories-"));
  passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "a long secret\n", { mode: 0o600 });
  mkdirSync(join(folder, "data"));
  runs = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function resticFor(repositories: Repositories): Promise<Restic> {
  const restic = await openRestic({ repositories, cacheDir: join(folder, "cache") });
  expect(restic, "restic is installed").toBeDefined();
  return restic!;
}

function initByHand(url: string, options: readonly string[] = []): void {
  const args = [...options, "--repo", url, "--password-file", passwordFile, "--no-cache", "init"];
  execFileSync("restic", args, { stdio: "ignore" });
}

/** Writes so much that no repository has seen, and backs it up. */
async function backUp(restic: Restic, repository: string, kilobytes = 64) {
  writeFileSync(join(folder, "data", "file"), randomBytes(kilobytes * 1_024));
  runs += 1;
  return restic.backUp(repository, {
    hostId: "host",
    dataset: "volume:data",
    folder: join(folder, "data"),
    policy: "p",
    rule: "r",
    runId: `run-${runs}`,
  });
}

async function restored(restic: Restic, repository: string, id: string): Promise<Buffer> {
  const target = join(folder, `restored-${id.slice(0, 8)}`);
  await restic.restore(repository, { id, target, cell: undefined });
  return readFileSync(join(target, folder, "data", "file"));
}

async function expectRoundTrip(restic: Restic, repository: string): Promise<void> {
  const { snapshot } = await backUp(restic, repository);

  expect((await restic.snapshots(repository, {})).map(({ id }) => id)).toContain(snapshot.id);
  expect(await restored(restic, repository, snapshot.id)).toEqual(readFileSync(join(folder, "data", "file")));
}

test("a REST server holds a repository; one that is append-only takes backups and gives nothing away", async () => {
  const server = await startRestServer({ appendOnly: true });
  onTestFinished(() => server.stop());
  const restic = await resticFor({ offsite: { url: `${server.url}shop`, passwordFile, appendOnly: true } });
  initByHand(`${server.url}shop`);

  await expectRoundTrip(restic, "offsite");
  await expectRoundTrip(restic, "offsite");

  const [first] = await restic.snapshots("offsite", {});
  await expect(restic.forgetOne("offsite", first?.id ?? "")).rejects.toMatchObject({
    code: "repository_read_only",
  });
  expect(await restic.snapshots("offsite", {})).toHaveLength(2);
  expect(readdirSync(join(server.folder, "shop", "locks"))).toEqual([]);
});

test("an SFTP server holds a repository", async () => {
  const server = await startSftpServer();
  onTestFinished(() => server.stop());
  const url = server.url(join(folder, "shop"));
  initByHand(url, ["-o", `sftp.command=${server.command}`]);
  const settings = { url, passwordFile, sftpCommand: server.command };

  await expectRoundTrip(await resticFor({ offsite: settings }), "offsite");

  const closed = await resticFor({
    offsite: { ...settings, sftpCommand: server.command.replace("-i ", "-i /absent") },
  });
  await expect(closed.snapshots("offsite", {})).rejects.toMatchObject({
    code: "repository_unreachable",
    message: expect.stringContaining("its server refuses the credentials"),
  });
});

test("rclone holds a repository, with settings from the repository's own file", async () => {
  const environmentFile = join(folder, "rclone.env");
  writeFileSync(environmentFile, "RCLONE_CONFIG_STORE_TYPE=alias\nRCLONE_CONFIG_STORE_REMOTE=/\n", {
    mode: 0o600,
  });
  initByHand(join(folder, "shop"));
  const url = `rclone:store:${join(folder, "shop")}`;

  await expectRoundTrip(await resticFor({ offsite: { url, passwordFile, environmentFile } }), "offsite");
});

test("behind a dead link the repository is told of long before restic gives up, and works again when the link does", async () => {
  const server = await startRestServer();
  onTestFinished(() => server.stop());
  const link = await flakyLink({ listen: { host: "127.0.0.1", port: 0 }, target: server.address });
  onTestFinished(() => link.stop());
  initByHand(`${server.url}shop`);
  const url = `rest:http://127.0.0.1:${link.address.port}/shop`;
  const restic = await resticFor({
    local: { url: join(folder, "local"), passwordFile },
    offsite: { url, passwordFile },
  });
  await restic.ensureRepository("local");

  link.cut();
  await expect(backUp(restic, "offsite")).rejects.toMatchObject({ code: "repository_unreachable" });
  link.stall();
  await expect(backUp(restic, "offsite")).rejects.toMatchObject({ code: "repository_unreachable" });
  await expectRoundTrip(restic, "local");
  link.heal();
  await expectRoundTrip(restic, "offsite");
}, 120_000);

test("on a full or read-only disk earlier restore points stay listed and restorable", async () => {
  const disk = await smallDisk({ megabytes: 16 });
  onTestFinished(() => disk.stop());
  const restic = await resticFor({ local: { url: join(disk.path, "repository"), passwordFile } });
  await restic.ensureRepository("local");
  const { snapshot } = await backUp(restic, "local");
  const content = readFileSync(join(folder, "data", "file"));
  const expectIntact = async () => {
    expect((await restic.snapshots("local", {})).map(({ id }) => id)).toEqual([snapshot.id]);
    expect(await restored(restic, "local", snapshot.id)).toEqual(content);
  };

  await expect(backUp(restic, "local", 20_000)).rejects.toMatchObject({ code: "repository_full" });
  await expectIntact();
  await disk.fill();
  await expect(backUp(restic, "local")).rejects.toMatchObject({ code: "repository_full" });
  await expectIntact();
  await disk.drain();
  execFileSync("mount", ["-o", "remount,ro", disk.path]);
  await expect(backUp(restic, "local")).rejects.toMatchObject({ code: "repository_read_only" });
  await expectIntact();
  execFileSync("mount", ["-o", "remount,rw", disk.path]);
  await expectRoundTrip(restic, "local");
}, 120_000);

test("a wrong password is told of, and changes nothing", async () => {
  const url = join(folder, "repository");
  initByHand(url);
  const wrongFile = join(folder, "wrong");
  writeFileSync(wrongFile, "another secret\n", { mode: 0o600 });
  const right = await resticFor({ local: { url, passwordFile } });
  const wrong = await resticFor({ local: { url, passwordFile: wrongFile } });
  const { snapshot } = await backUp(right, "local");

  await expect(backUp(wrong, "local")).rejects.toMatchObject({ code: "repository_password_wrong" });

  expect((await right.snapshots("local", {})).map(({ id }) => id)).toEqual([snapshot.id]);
});

test("kill -9 of restic leaves a lock that blocks nobody", async () => {
  const url = join(folder, "repository");
  initByHand(url);
  const restic = await resticFor({ local: { url, passwordFile, limitUploadBytesPerS: 1_024 } });
  const quick = await resticFor({ local: { url, passwordFile } });

  const pruning = backUp(restic, "local", 2_000);
  const locks = join(url, "locks");
  await waitUntil(() => readdirSync(locks).length > 0, { what: "a lock", deadlineMs: 20_000 });
  const [pid] = execFileSync("pgrep", ["-f", `restic .*--limit-upload 1 .*${folder}/data`], {
    encoding: "utf8",
  })
    .trim()
    .split("\n");
  process.kill(Number(pid), "SIGKILL");
  await expect(pruning).rejects.toMatchObject({ code: "restic_failed" });
  expect(readdirSync(locks)).toHaveLength(1);

  await quick.prune("local"); // needs the repository for itself
  await expectRoundTrip(quick, "local");

  expect(readdirSync(locks)).toEqual([]);
});

test("the keeper lets old restore points of an append-only repository go, of each host by itself", async () => {
  const server = await startRestServer({ appendOnly: true });
  onTestFinished(() => server.stop());
  const url = `${server.url}shop`;
  initByHand(url);
  const hosts = await resticFor({ offsite: { url, passwordFile, appendOnly: true } });
  await backUp(hosts, "offsite");
  const old = (hostId: string, day: string) => {
    const tags = [OURS, tag("dataset", "volume:data"), tag("policy", "p"), tag("rule", "r")];
    const options = ["--host", hostId, "--time", `${day} 00:00:00`, ...tags.flatMap((one) => ["--tag", one])];
    const access = ["--repo", url, "--password-file", passwordFile, "--no-cache"];
    execFileSync("restic", [...access, "backup", ...options, join(folder, "data")], { stdio: "ignore" });
  };
  for (const day of ["2020-01-01", "2020-01-02", "2020-01-03"]) old("host", day);
  for (const day of ["2020-01-01", "2020-01-02"]) old("gone-host", day);
  const restic = await resticFor({ offsite: { url: join(server.folder, "shop"), passwordFile } });
  const keep = async (dryRun: boolean) => {
    const said: KeeperSaid[] = [];
    const outcome = await keepRepository({
      restic,
      repository: "offsite",
      keep: keepSchema.parse({ within: "1d" }),
      known: undefined,
      now: Date.now(),
      dryRun,
      signal: new AbortController().signal,
      tell: (one) => said.push(one),
    });
    return { outcome, said };
  };

  expect((await keep(true)).outcome).toEqual({ forgotten: 2, kept: 4, refused: 0, failed: 0 });
  expect(await hosts.snapshots("offsite", {})).toHaveLength(6);
  const { said } = await keep(false);

  expect(
    said
      .filter(({ decision }) => decision === "forget")
      .map(({ hostId, at }) => [hostId, new Date(at).getUTCDate()]),
  ).toEqual([
    ["host", 1],
    ["host", 2],
  ]);
  expect(await hosts.snapshots("offsite", {})).toHaveLength(4);
  expect((await keep(false)).outcome.forgotten).toBe(0);
  await expectRoundTrip(hosts, "offsite");
});

test("a repository is made with a recovery key that opens it by itself", async () => {
  const config = {
    stateDir: join(folder, "state"),
    repositories: { local: { url: join(folder, "made"), passwordFile: join(folder, "made.password") } },
  };
  mkdirSync(config.stateDir);
  const run = async (name: string, ...args: string[]) => {
    const lines: string[] = [];
    const context = { args, print: (line: string) => lines.push(line), signal: new AbortController().signal };
    await repositoryCommands[name]?.run(config as never, context);
    return lines.join("\n");
  };

  const first = await run("repository", "init", "local");
  const key = /^ {2}([0-9A-Z-]{44})$/m.exec(first)?.[1] ?? "";
  writeFileSync(join(folder, "key"), key);

  const byKey = await resticFor({ local: { url: join(folder, "made"), passwordFile: join(folder, "key") } });
  await expectRoundTrip(byKey, "local");
  expect(await run("repository", "init", "local")).not.toContain(key);
  expect(await run("repository", "check", "local")).toContain("it can be written to");
  expect(await run("repositories")).toMatch(/local {2}local, recovery key since .*\n {2}1 restore points/);
  const kept = readdirSync(config.stateDir).map((name) => join(config.stateDir, name));
  expect(kept).toEqual([join(config.stateDir, "recovery-keys.json")]);
  expect(readFileSync(kept[0] ?? "", "utf8")).not.toContain(key);
});
