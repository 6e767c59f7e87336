// The only way down for a fleet: its owner, the watchdog and the next start all come through here, perhaps at the same time.
// It works from the state file and the kernel's own records alone, and every step may find its work half done.

import { createHash } from "node:crypto";
import { readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../run-program.ts";
import { waitUntil } from "../wait-until.ts";
import { type FleetState, type HostState, forgetFleet, readFleetState } from "./fleet-state.ts";
import { withMachineLock } from "./machine-lock.ts";
import { removeNetwork } from "./network.ts";
import { containerCgroups, containerIds, processesOf } from "./processes.ts";

const DYING_MS = 20_000;

/**
 * Ends every process of the fleet and removes its mounts, cgroups, network and folder. Does nothing when that is done already.
 *
 * @throws DeadlinePassed when a process cannot be killed.
 */
export async function tearDown(id: string): Promise<void> {
  // Two at once would be harmless to the fleet, but the slower one might hit the next fleet, which has the same names.
  await withMachineLock(async () => {
    const state = await readFleetState(id);
    if (state !== undefined) await removeFleet(state);
  });
}

/** The state file goes last: a teardown that is itself killed can be begun again. */
async function removeFleet(state: FleetState): Promise<void> {
  await killHosts(state.hosts);
  await unmountBelow(state.folder);
  await Promise.all(state.hosts.flatMap((host) => [removeCgroups(host), removeShimSockets(host)]));
  await removeNetwork(state);
  await rm(state.folder, { recursive: true, force: true, maxRetries: 5 });
  await forgetFleet(state);
}

/** Kills all that runs on these hosts: engines, containers, and what was started inside. */
export async function killHosts(hosts: readonly HostState[]): Promise<void> {
  await waitUntil(
    async () => {
      const pids = processesOf(hosts);
      for (const pid of pids) kill(pid);
      await Promise.all(hosts.flatMap(thawPaused));
      return pids.length === 0;
    },
    {
      what: `the end of all processes of ${hosts.map((host) => host.name).join(", ")}`,
      deadlineMs: DYING_MS,
    },
  );
}

/** Unmounts all below a folder, the innermost first. */
export async function unmountBelow(folder: string, { except }: { except?: string } = {}): Promise<void> {
  const mounts = (await mountsBelow(folder)).filter((point) => point !== except);
  // Lazily: a process outside the lab that looks into the folder must not keep the lab alive.
  if (mounts.length > 0) await runProgram("umount", ["--lazy", ...mounts], { accept: [1, 32, 64] });
}

/** Mount points below a folder, the innermost first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point.startsWith(`${folder}/`))
    .toReversed();
}

/** A paused container does not die before it is thawed. */
async function thawPaused(host: HostState): Promise<void> {
  const freezers = containerCgroups(host).filter((cgroup) => cgroup.includes("/freezer/"));
  await Promise.allSettled(freezers.map((cgroup) => writeFile(join(cgroup, "freezer.state"), "THAWED")));
}

async function removeCgroups(host: HostState): Promise<void> {
  for (const cgroup of containerCgroups(host)) await rmdir(cgroup).catch(() => undefined);
}

async function removeShimSockets(host: HostState): Promise<void> {
  await Promise.all(shimSockets(host).map((socket) => rm(socket, { force: true })));
}

/** containerd puts the sockets of all shims of the machine into one folder, under a hash of whose they are. */
export function shimSockets(host: HostState): string[] {
  const address = join(host.folder, "exec/containerd/containerd.sock");
  return containerIds(host).map((id) => {
    const hash = createHash("sha256")
      .update(join(address, "moby", id))
      .digest("hex");
    return join("/run/containerd/s", hash);
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
