/**
 * Where the kernel keeps a process's counters: resolved from what the kernel itself says of the process and of the
 * mounts, never guessed from a container's id, since every cgroup driver and parent lays them out differently.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerId } from "@shipkeeper/model";

export type CgroupVersion = "1" | "2";

export interface CgroupPaths {
  readonly version: CgroupVersion;
  /** The folder of a controller (`memory`, `cpuacct` …); with version 2 the same for all. Undefined where none is mounted. */
  folder(controller: string): string | undefined;
}

interface CgroupMount {
  readonly version: CgroupVersion;
  readonly mountPoint: string;
  /** The part of the hierarchy that is mounted there: `/`, but for a container's own view. */
  readonly root: string;
  readonly controllers: readonly string[];
}

/** Every cgroup file system of a `mountinfo` text. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split("\n").flatMap((line): CgroupMount[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", mountPoint = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") return [{ version: "2", mountPoint, root, controllers: [] }];
    if (type === "cgroup") return [{ version: "1", mountPoint, root, controllers: options.split(",") }];
    return [];
  });
}

/**
 * The cgroup of a process. On a hybrid host the controllers decide: version 1 where memory is accounted there.
 * Undefined where the process is gone, its hierarchy is not mounted here, or the number is another process's: an
 * engine elsewhere counts processes of its own, while every engine names a container's cgroup after its id.
 */
export function resolveCgroup(
  mounts: readonly CgroupMount[],
  { root, pid, id }: { root: string; pid: number; id: ContainerId },
): CgroupPaths | undefined {
  let memberships: Map<string, string>;
  try {
    memberships = parseMemberships(readFileSync(join(root, "proc", String(pid), "cgroup"), "utf8"));
  } catch {
    return undefined;
  }

  const version: CgroupVersion = memberships.has("memory") ? "1" : "2";
  const pathOf = (controller: string) => memberships.get(version === "1" ? controller : "");
  if (pathOf("memory")?.includes(id) !== true) return undefined;

  const folder = (controller: string): string | undefined => {
    const path = pathOf(controller);
    const mount = mounts.find(
      (mount) => mount.version === version && (version === "2" || mount.controllers.includes(controller)),
    );
    if (path === undefined || mount === undefined) return undefined;
    const below = pathBelow(mount.root, path);
    return below === undefined ? undefined : join(root, mount.mountPoint, below);
  };
  return folder("memory") === undefined ? undefined : { version, folder };
}

/** Controller → path. Version 2 has one line, `0::/path`, kept under the empty name. */
function parseMemberships(text: string): Map<string, string> {
  const memberships = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers?.split(",") ?? []) memberships.set(controller, path ?? "");
  }
  return memberships;
}

/** `/a/b` below `/a` is `/b`; undefined where it is not below: a private view cannot show its neighbours. */
function pathBelow(root: string, path: string): string | undefined {
  if (path.startsWith("/..")) return undefined;
  if (root === "/") return path;
  if (path === root) return "/";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}
