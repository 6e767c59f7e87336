/** Removes one volume, after looking once more at everything that let it go. */
import { readdir } from "node:fs/promises";
import type { VolumeName } from "@shipkeeper/model";
import { expectVolume, firstChange, volumeDataset, type Verdict } from "@shipkeeper/policy";
import { tag } from "@shipkeeper/restic";
import type { ActContext } from "./action-context.ts";
import type { StepResult } from "./apply-plan.ts";
import { GONE, resultOf } from "./container-steps.ts";
import { containerWhere } from "./containers-of-run.ts";

export async function removeVolume(
  name: VolumeName,
  verdict: Verdict,
  context: ActContext,
): Promise<StepResult> {
  const { engine } = context;
  const volume = (await engine.volumes()).find((one) => one.name === name);
  if (volume === undefined) return GONE;
  const { restorePoint, restorableFrom, empty, ...expected } = verdict.expect ?? {};
  const changed = firstChange(expected, expectVolume(volume));
  if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };
  // The engine's own count of users has been wrong before: both must say that there is none.
  const user = await containerWhere(context, ({ mounts }) => mounts.some((mount) => mount.volume === name));
  if (user !== undefined) return { status: "skipped", why: "in-use", facts: { by: user.name } };

  const isSafe =
    empty === true
      ? await isEmptyFolder(volume.mountpoint)
      : await isStillRestorable(name, { id: restorePoint, repository: restorableFrom }, context);
  if (!isSafe) return { status: "skipped", why: empty === true ? "not-empty" : "no-restore-point" };

  return resultOf(await engine.removeVolume(name));
}

/** The engine counts the bytes of files: a volume of empty files or folders is no empty volume. */
async function isEmptyFolder(path: string): Promise<boolean> {
  return (await readdir(path)).length === 0;
}

/** By the repository's own word, of this moment. Throws where it cannot be asked. */
async function isStillRestorable(
  volume: VolumeName,
  { id, repository }: { id: unknown; repository: unknown },
  { restic, hostId, signal }: ActContext,
): Promise<boolean> {
  if (restic === undefined || typeof repository !== "string") return false;
  const tags = [tag("dataset", volumeDataset(volume))];
  const listed = await restic.snapshots(repository, { hostId, tags }, signal);
  return listed.some((snapshot) => snapshot.id === id);
}
