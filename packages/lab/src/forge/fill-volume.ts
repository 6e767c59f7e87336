import { chmod, chown, lchown, link, mkdir, open, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { assert } from "@shipkeeper/kit";
import type { LabHost } from "../fleet/lab-host.ts";
import type { FileEntry } from "./file-entry.ts";

/** Creates a named volume unless the host has it. Labels count only when it is created. Returns its folder on the host. */
export async function createVolume(
  host: LabHost,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  await host.engine.createVolume({ Name: name, Labels: { ...labels } });
  return (await host.engine.getVolume(name).inspect()).Mountpoint;
}

/**
 * Writes files into a named volume, created when it is missing, straight onto the disk as root: any owner, mode, link, hole or name.
 * What is already there under the same name is replaced. Returns the volume's folder on the host.
 */
export async function fillVolume(host: LabHost, name: string, files: readonly FileEntry[]): Promise<string> {
  const folder = await createVolume(host, name);
  await writeEntries(folder, files);
  return folder;
}

/** Writes the entries into a folder, in their order. */
export async function writeEntries(folder: string, entries: readonly FileEntry[]): Promise<void> {
  for (const entry of entries) {
    const path = inside(folder, entry.path);
    await mkdir(dirname(path), { recursive: true });
    await writeBody(folder, path, entry);
    await setAttributes(path, entry);
  }
}

async function writeBody(folder: string, path: string, entry: FileEntry): Promise<void> {
  if ("folder" in entry) {
    await mkdir(path, { recursive: true });
    return;
  }
  await rm(path, { force: true });
  if ("symlinkTo" in entry) await symlink(entry.symlinkTo, path);
  else if ("hardlinkTo" in entry) await link(inside(folder, entry.hardlinkTo), path);
  else if ("sparseBytes" in entry) await writeHole(path, entry.sparseBytes);
  else await writeFile(path, entry.content);
}

async function writeHole(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w");
  await file.truncate(bytes);
  await file.close();
}

/** The owner first: changing it clears the set-user-id bit. The time last: everything else moves it. */
async function setAttributes(path: string, entry: FileEntry): Promise<void> {
  const { uid = 0, gid = 0, mode, modifiedAt } = entry;
  if ("symlinkTo" in entry) {
    await lchown(path, uid, gid);
    return;
  }
  if (entry.uid !== undefined || entry.gid !== undefined) await chown(path, uid, gid);
  if (mode !== undefined) await chmod(path, mode);
  if (modifiedAt !== undefined) await utimes(path, modifiedAt, modifiedAt);
}

function inside(folder: string, path: string): string {
  const full = resolve(join(folder, path));
  assert(full.startsWith(folder + sep), `${path} leads out of the volume`);
  return full;
}
