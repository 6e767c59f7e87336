/** Data that containers hold outside of volumes: folders of the host that are mounted into them. */
import { isAlive, type Container, type Mount } from "@shipkeeper/model";
import type { Dataset } from "./dataset.ts";

/** `/srv/app/` → `/srv/app` */
export function bindPath({ source }: Pick<Mount, "source">): string {
  return source.length > 1 ? source.replace(/\/+$/, "") : source;
}

/** What is mounted at a path when it is no data that anybody would want back. */
export type NoData = "socket" | "of-the-kernel" | "of-the-system" | "of-the-engine";

const KERNEL = ["/proc", "/sys", "/dev", "/run", "/var/run", "/lib/modules", "/tmp/.X11-unix"];
const SYSTEM = [
  "/etc/localtime",
  "/etc/timezone",
  "/etc/hosts",
  "/etc/hostname",
  "/etc/resolv.conf",
  "/etc/machine-id",
  "/usr/share/zoneinfo",
];
const ENGINE = ["/var/lib/docker", "/var/lib/containerd"];

/** Undefined where a path may hold data. A writable mount of these is a habit more often than a wish. */
export function noDataAt(path: string): NoData | undefined {
  const isIn = (folders: readonly string[]) => folders.some((folder) => isWithin(path, folder));
  if (/\.(sock|socket)$/.test(path)) return "socket";
  if (isIn(KERNEL)) return "of-the-kernel";
  if (isIn(SYSTEM)) return "of-the-system";
  return isIn(ENGINE) ? "of-the-engine" : undefined;
}

/** A folder that containers may write to. */
export interface WritableBind {
  readonly path: string;
  /** Those that may, in whatever state. */
  readonly writers: readonly Container[];
}

/** Every bind mount that some container may write to, each path once, sorted. */
export function writableBinds(containers: readonly Container[]): WritableBind[] {
  const writers = new Map<string, Container[]>();
  for (const container of containers) {
    const own = container.mounts.filter(({ type, readOnly }) => type === "bind" && !readOnly).map(bindPath);
    for (const path of new Set(own)) writers.set(path, [...(writers.get(path) ?? []), container]);
  }
  return [...writers]
    .map(([path, found]) => ({ path, writers: found }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * The containers with processes that may write to a dataset. Who mounts a folder may write to what is below it, and who
 * mounts one below it to a part of it.
 */
export function writersOf({ kind, name }: Dataset, containers: readonly Container[]): Container[] {
  const isOfIt = (mount: Mount) => {
    if (mount.readOnly) return false;
    if (kind === "volume" || kind === "dump") return mount.type === "volume" && mount.volume === name;
    return kind === "bind" && mount.type === "bind" && isNested(bindPath(mount), name);
  };
  return containers.filter((container) => isAlive(container) && container.mounts.some(isOfIt));
}

function isNested(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/** Whether a path is a folder or something in it. */
export function isWithin(inner: string, folder: string): boolean {
  return inner === folder || inner.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** `the engine's own` */
export function explainNoData(what: NoData): string {
  return {
    socket: "a socket",
    "of-the-kernel": "made anew with every start",
    "of-the-system": "part of the host's system",
    "of-the-engine": "the engine's own",
  }[what];
}
