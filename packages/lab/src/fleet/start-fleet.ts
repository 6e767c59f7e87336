// Owns the life of a fleet: N real engines as N separate hosts on one machine. It knows nothing of what runs on them.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { assert } from "@shipkeeper/kit";
import { type FleetState, claimSubnet } from "./fleet-state.ts";
import { LabHost } from "./lab-host.ts";
import { buildNetwork } from "./network.ts";
import { processStartTicks } from "./processes.ts";
import { sweepAbandoned } from "../sweep-abandoned.ts";
import { tearDown } from "./tear-down.ts";
import { startWatchdog } from "./watchdog.ts";

export interface FleetOptions {
  /** How many hosts, or their names. */
  hosts: number | readonly string[];
  /** Where the fleet's own folder goes: a real disk, and a short path (unix socket paths end at 107 characters). */
  folder?: string;
  /** Hosts without a given name are called `<prefix>-1` and so on. */
  prefix?: string;
  /** Gives every engine a disk of its own of so many megabytes, so that what one host frees is not another's. */
  diskMegabytes?: number;
}

export interface Fleet {
  readonly hosts: readonly LabHost[];
  /** The root namespace's address in the fleet's network, where a collector or a registry may listen. */
  readonly gateway: string;
  /** The network of the hosts, for instance `10.77.0.0/24`. */
  readonly subnet: string;
  readonly folder: string;
  /** The host of that name; throws when there is none. */
  host(name: string): LabHost;
  /** Removes everything. May be called again. */
  stop(): Promise<void>;
}

const LEAST_ADDRESS = 11;
const MOST_HOSTS = 200;

/**
 * Starts real engines, each with its own network namespace, hostname, address, images and volumes. First it clears up what fleets of
 * dead owners left. When this process ends without `stop()`, even by kill -9, a watchdog removes everything within seconds.
 *
 * @throws Error with the end of the engine's log when one does not start; nothing is left behind then.
 */
export async function startFleet({
  hosts,
  folder = "/var/lib/shipkeeper-lab",
  prefix = "web",
  diskMegabytes,
}: FleetOptions): Promise<Fleet> {
  const names =
    typeof hosts === "number" ? Array.from({ length: hosts }, (_, i) => `${prefix}-${i + 1}`) : hosts;
  assert(names.length > 0 && names.length <= MOST_HOSTS, `a fleet has 1 to ${MOST_HOSTS} hosts`);
  assert(new Set(names).size === names.length, "hosts need different names");
  assertCanStart();

  await sweepAbandoned();
  const state = await claimFreeSubnet(folder, names);
  const watchdog = startWatchdog(state.id);
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= tearDown(state.id).then(() => watchdog.stop()));

  try {
    await mkdir(state.folder, { recursive: true });
    await buildNetwork(state);
    const running = await Promise.all(state.hosts.map((host) => LabHost.start(host, diskMegabytes)));
    return {
      hosts: running,
      gateway: state.gateway,
      subnet: `10.77.${state.subnet}.0/24`,
      folder: state.folder,
      host(name) {
        const found = running.find((host) => host.name === name);
        assert(found, `no host is called ${name}`);
        return found;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function assertCanStart(): void {
  assert(process.getuid?.() === 0, "a fleet of real engines needs root");
  const folders = (process.env["PATH"] ?? "").split(":");
  const missing = ["dockerd", "ip", "iptables"].filter(
    (program) => !folders.some((folder) => existsSync(join(folder, program))),
  );
  assert(
    missing.length === 0,
    `a fleet needs ${missing.join(", ")}: apt-get install -y --no-install-recommends docker.io iptables iproute2 busybox-static`,
  );
}

/** Fleets of several processes run side by side: each takes the first subnet that nobody has. */
async function claimFreeSubnet(folder: string, names: readonly string[]): Promise<FleetState> {
  const taken = Object.values(networkInterfaces()).flatMap((all) => all?.map((one) => one.address) ?? []);
  for (let subnet = 0; subnet <= 255; subnet++) {
    if (taken.includes(`10.77.${subnet}.1`)) continue;
    const state = planFleet(subnet, folder, names);
    if (await claimSubnet(state)) return state;
  }
  throw new Error("all subnets from 10.77.0.0/24 to 10.77.255.0/24 are taken");
}

/** Names all that will be made, before any of it is made. */
function planFleet(subnet: number, parent: string, names: readonly string[]): FleetState {
  const folder = join(parent, String(subnet));
  const startTicks = processStartTicks(process.pid);
  assert(startTicks !== undefined, "this process is in /proc");

  return {
    id: randomUUID(),
    subnet,
    owner: { pid: process.pid, startTicks },
    folder,
    bridge: `skl${subnet}`,
    gateway: `10.77.${subnet}.1`,
    hosts: names.map((name, index) => ({
      name,
      netns: `skl${subnet}-${name}`,
      link: `skl${subnet}v${index + 1}`,
      address: `10.77.${subnet}.${LEAST_ADDRESS + index}`,
      folder: join(folder, String(index + 1)),
    })),
  };
}
