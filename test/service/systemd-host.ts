/** A host as customers have it: systemd is its first process; Docker's socket and restic are there, Node.js is not. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitUntil, type LabHost } from "@shipkeeper/lab";

const run = promisify(execFile);

/** Outside the checkout, since making it takes a minute and it is the same for all. */
const CACHE = "/var/cache/shipkeeper-test";
const IMAGE = "shipkeeper-test/systemd:1";

const BOOT_MS = 60_000;
const COMMAND_MS = 120_000;

/** systemd makes its cgroups below the container's own, so they end with it; for that it must be able to write there. */
const BOOT = `
mount -o remount,bind,rw /sys/fs/cgroup
for hierarchy in /sys/fs/cgroup/*; do mount -o remount,bind,rw "$hierarchy"; done
exec /sbin/init`;

export interface CommandResult {
  readonly exitCode: number;
  readonly out: string;
  readonly error: string;
}

export interface SystemdHost {
  /** Standard output, trimmed; throws, with all that was printed, where the command fails. */
  run(...command: readonly string[]): Promise<string>;
  try(...command: readonly string[]): Promise<CommandResult>;
  reboot(): Promise<void>;
}

/** Boots it as a container of the lab's engine; the lab ends it, too. `folders`: from this machine → inside, read-only. */
export async function startSystemdHost(
  lab: LabHost,
  { name, folders }: { name: string; folders: Readonly<Record<string, string>> },
): Promise<SystemdHost> {
  const docker = (...args: readonly string[]) => attempt(["--host", `unix://${lab.socketPath}`, ...args]);
  await docker("import", await debianWithSystemd(), IMAGE).then(succeeded);
  const flags = [
    ["--detach", "--name", name, "--hostname", name, "--stop-signal", "SIGRTMIN+3"],
    ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"].flatMap((name) => ["--cap-add", name]),
    ["--security-opt", "seccomp=unconfined", "--cgroupns", "private", "--env", "container=docker"],
    ["--tmpfs", "/run", "--tmpfs", "/tmp", "--volume", `${lab.socketPath}:/run/docker.sock`],
    ["--volume", `${lab.dataRoot}:${lab.dataRoot}`], // the engine names its volumes' folders by these paths
    ...Object.entries(folders).map(([from, to]) => ["--volume", `${from}:${to}:ro`]),
  ].flat();
  await docker("run", ...flags, IMAGE, "sh", "-c", BOOT).then(succeeded);

  const host: SystemdHost = {
    run: (...command) => host.try(...command).then(succeeded),
    try: (...command) => docker("exec", name, ...command),
    async reboot() {
      await docker("restart", name).then(succeeded);
      await booted();
    },
  };
  const booted = () =>
    waitUntil(async () => (await host.try("systemctl", "is-system-running")).out === "running", {
      what: `${name} to boot`,
      deadlineMs: BOOT_MS,
      everyMs: 200,
    });
  await booted();
  return host;
}

async function debianWithSystemd(): Promise<string> {
  const archive = join(CACHE, "debian-12-systemd-restic.tar");
  if (existsSync(archive)) return archive;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = join(CACHE, `${process.pid}.tar`);
  const packages = "--include=systemd,systemd-sysv,dbus,restic";
  try {
    await run("mmdebstrap", ["--quiet", "--variant=minbase", packages, "bookworm", unfinished]);
    renameSync(unfinished, archive);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return archive;
}

async function attempt(args: readonly string[]): Promise<CommandResult> {
  try {
    const { stdout, stderr } = await run("docker", [...args], { timeout: COMMAND_MS });
    return { exitCode: 0, out: stdout.trim(), error: stderr.trim() };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== "number") throw error; // it never ran, or took too long
    return { exitCode: code, out: stdout.trim(), error: stderr.trim() };
  }
}

function succeeded({ exitCode, out, error }: CommandResult): string {
  if (exitCode === 0) return out;
  throw new Error(`a command ended with ${exitCode}: ${[error, out].filter(Boolean).join("\n")}`);
}
