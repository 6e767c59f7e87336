import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import type { HostState } from "./fleet-state.ts";

const CGROUPS = "/sys/fs/cgroup";

/** The flags by which dockerd, containerd and its shims say which engine they belong to. */
const ENGINE_FLAGS = ["--exec-root", "--config", "-address"];

/** When a process began, in clock ticks since boot; undefined when there is no such process (or only its corpse). */
export function processStartTicks(pid: number): number | undefined {
  const stat = readOr(`/proc/${pid}/stat`, "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before may hold blanks and brackets
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return fields[19] === undefined ? undefined : Number(fields[19]);
}

/** True when every thread of the process is stopped: a signal reaches them one after the other. */
export function standsStill(pid: number): boolean {
  const threads = listOr(`/proc/${pid}/task`);
  return threads.every((thread) => /\) [Tt] /.test(readOr(`/proc/${pid}/task/${thread}/stat`, ") T ")));
}

/**
 * The processes of these hosts, told by what the kernel knows of them, never by name: they live in a host's network namespace,
 * are part of its engine (an argument points into the host's folder), or are in the cgroup of one of its containers.
 */
export function processesOf(hosts: readonly HostState[]): number[] {
  const namespaces = new Set(hosts.map(({ netns }) => namespaceId(netns)).filter((id) => id !== undefined));
  const folders = hosts.map(({ folder }) => `${folder}/`);
  const inContainers = new Set(hosts.flatMap(containerCgroups).flatMap(membersOf));

  return livingPids().filter(
    (pid) =>
      inContainers.has(pid) ||
      namespaces.has(readlinkOr(`/proc/${pid}/ns/net`, "gone")) ||
      servesEngineIn(folders, pid),
  );
}

/** The cgroup directories of a host's containers, deepest first, in every hierarchy. */
export function containerCgroups(host: HostState): string[] {
  const ids = listOr(join(host.folder, "data/containers"));
  return listOr(CGROUPS).flatMap((hierarchy) =>
    ids.flatMap((id) => withChildren(join(CGROUPS, hierarchy, "docker", id))),
  );
}

/** Ids of the containers that a host's engine knows, running or not, without asking the engine. */
export function containerIds(host: HostState): string[] {
  return listOr(join(host.folder, "data/containers"));
}

function withChildren(cgroup: string): string[] {
  const entries = listOr(cgroup, "folders");
  if (entries.length === 0 && !exists(cgroup)) return [];
  return [...entries.flatMap((name) => withChildren(join(cgroup, name))), cgroup];
}

function membersOf(cgroup: string): number[] {
  return readOr(join(cgroup, "cgroup.procs"), "").split("\n").filter(Boolean).map(Number);
}

function livingPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => processStartTicks(pid) !== undefined);
}

function namespaceId(netns: string): string | undefined {
  try {
    return `net:[${statSync(`/run/netns/${netns}`).ino}]`;
  } catch {
    return undefined;
  }
}

function servesEngineIn(folders: readonly string[], pid: number): boolean {
  const args = readOr(`/proc/${pid}/cmdline`, "").split("\0");
  return args.some(
    (arg, index) =>
      ENGINE_FLAGS.includes(args[index - 1] ?? "") && folders.some((folder) => arg.startsWith(folder)),
  );
}

// A process or a cgroup may end between two looks at it: then there is nothing to tell about it.

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

function readlinkOr(path: string, otherwise: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return otherwise;
  }
}

function listOr(folder: string, only: "all" | "folders" = "all"): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => only === "all" || entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
