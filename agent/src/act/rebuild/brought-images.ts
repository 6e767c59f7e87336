/** Images that came for a try only, and go with it. What is to come is on disk before it does: a crash leaves none behind. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "@shipkeeper/docker";
import { imageIdSchema } from "@shipkeeper/model";
import type { HostConfiguration } from "@shipkeeper/policy";
import { writeFileDurably } from "@shipkeeper/runtime";
import * as z from "zod";
import type { ActContext } from "../action-context.ts";
import { insist } from "../insist.ts";

const noteSchema = z.object({
  /** What was there before. */
  held: z.array(imageIdSchema),
  /** What may come: ids, and digests of what a registry may give another id. */
  ids: z.array(z.string()),
  digests: z.array(z.string()),
});

const noteFile = (folder: string) => join(folder, "images.json");

export async function noteImages(
  folder: string,
  { containers, images }: Pick<HostConfiguration, "containers" | "images">,
  engine: Pick<Engine, "imageNames">,
): Promise<void> {
  const note: z.infer<typeof noteSchema> = {
    held: (await engine.imageNames()).map(({ id }) => id),
    ids: containers.map(({ blueprint }) => blueprint.imageId),
    digests: images.flatMap(({ digests }) => digests),
  };
  writeFileDurably(noteFile(folder), JSON.stringify(note), 0o600);
}

/** What somebody gave a name, or uses, is his by now. */
export async function removeBroughtImages(
  folder: string,
  context: Pick<ActContext, "pause" | "signal" | "log"> & {
    engine: Pick<Engine, "imageNames" | "removeImage">;
  },
): Promise<void> {
  const file = noteFile(folder);
  if (!existsSync(file)) return;
  const { engine } = context;
  const { held, ids, digests } = noteSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const wasHeld = new Set(held);
  const isOurs = (image: Awaited<ReturnType<Engine["imageNames"]>>[number]) =>
    !wasHeld.has(image.id) &&
    image.tags.length === 0 &&
    (ids.includes(image.id) || image.digests.some((digest) => digests.includes(digest)));
  for (const { id } of (await insist("list images", () => engine.imageNames(), context)).filter(isOurs)) {
    await insist(`remove image ${id}`, () => engine.removeImage(id), context);
  }
}
