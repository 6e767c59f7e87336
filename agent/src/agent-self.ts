import { readFileSync } from "node:fs";

/**
 * The container that this agent runs in, as ids for planners to leave alone; none on a plain host. The engine mounts
 * three files of a container's own folder into it, and the folder is named by the container's full id.
 */
export function ownContainers(mountinfoFile = "/proc/self/mountinfo"): string[] {
  try {
    return idsIn(readFileSync(mountinfoFile, "utf8"));
  } catch {
    return []; // no /proc: no container of ours either
  }
}

function idsIn(mountinfo: string): string[] {
  const found = mountinfo.matchAll(/\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)\s/g);
  return [...new Set(Array.from(found, ([, id = ""]) => id))];
}
