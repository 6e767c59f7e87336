/** What a backup by the agent costs beside restic alone on the same files, and whether its memory follows their number. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVolume, startFleet, type LabHost } from "@shipkeeper/lab";
import { keepHost } from "../agent-lab/keep-host.ts";
import { compare, timed } from "./compare.ts";

const MEBIBYTE = 2 ** 20;
const DEADLINE_MS = 300_000;

/** Files of random bytes, which neither deduplicate nor compress. */
async function volumeOf(host: LabHost, name: string, files: number, bytes: number): Promise<string> {
  const root = await createVolume(host, name);
  const script = `
import os, sys
root, files, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(files):
    folder = os.path.join(root, "%03d" % (number % 500))
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "%06d" % number), "wb") as file: file.write(os.urandom(size))
`;
  execFileSync("python3", ["-c", script, root, String(files), String(bytes)]);
  return root;
}

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-bench-"));
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, "a long secret\n", { mode: 0o600 });
const url = join(folder, "repository");
const repositories = { local: { url, passwordFile } };

/** One backup by the agent, from the intent to the outcome, into a repository that it makes. */
async function byAgent(host: LabHost, volume: string): Promise<{ tookMs: number; mostBytes: number }> {
  rmSync(url, { recursive: true, force: true });
  const policy = `
policy: bench
hosts: { environment: lab }
rules:
  - backup: data
    mode: enforce
    every: 1h
    select: { volumes: [${volume}] }
    to: [local]
`;
  globalThis.gc?.();
  let mostBytes = process.memoryUsage().rss;
  const sampling = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage().rss)), 20);
  const agent = await keepHost(host, { policy, repositories });
  try {
    const [run] = await agent.finished("backup", 1, DEADLINE_MS);
    const started = agent.ofKind("run-started").find(({ runId }) => runId === run?.runId);
    const step = run?.outcome.steps[0];
    if (run === undefined || started === undefined || step?.status !== "done") {
      throw new Error(`the backup did not end well: ${JSON.stringify(step)}`);
    }
    return { tookMs: run.at - started.at, mostBytes };
  } finally {
    clearInterval(sampling);
    await agent.stop();
  }
}

function byRestic(root: string): void {
  rmSync(url, { recursive: true, force: true });
  const restic = (...args: string[]) =>
    execFileSync("nice", ["-n", "10", "restic", "--no-cache", "-r", url, "-p", passwordFile, ...args], {
      stdio: "ignore",
    });
  restic("init");
  restic("backup", root);
}

const fleet = await startFleet({ hosts: 1 });
try {
  const [host] = fleet.hosts;
  if (host === undefined) throw new Error("the lab started no host");
  for (const [name, files, bytes] of [
    ["large", 200, 10 * MEBIBYTE],
    ["many", 100_000, 4_096],
  ] as const) {
    const root = await volumeOf(host, name, files, bytes);
    await compare({
      what: `backing up ${files} files of ${bytes / 1024} KiB`,
      baselineIs: "restic init and restic backup",
      unit: "ms",
      rounds: 3,
      subject: async () => (await byAgent(host, name)).tookMs,
      baseline: () => timed(() => byRestic(root)),
    });
  }

  await volumeOf(host, "few", 100, 4_096);
  await compare({
    what: "the agent's memory at most while it backs up 100000 files",
    baselineIs: "100 files",
    unit: "MiB",
    rounds: 3,
    subject: async () => (await byAgent(host, "many")).mostBytes / MEBIBYTE,
    baseline: async () => (await byAgent(host, "few")).mostBytes / MEBIBYTE,
  });
} finally {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
}
