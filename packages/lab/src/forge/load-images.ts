import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { LabHost } from "../fleet/lab-host.ts";
import { type ForgedImage, imageArchive } from "./forge-image.ts";

/** Loads images into a host's engine, all in one archive. An image that takes another's tag leaves that one dangling. */
export async function loadImages(host: LabHost, images: readonly ForgedImage[]): Promise<void> {
  if (images.length === 0) return;
  const archive = Readable.from([imageArchive(images)]);
  const answer = await text(await host.engine.loadImage(archive, { quiet: true }));

  // The engine answers 200 first, and tells what went wrong in the stream.
  const failed = answer.split("\n").find((line) => line.includes('"errorDetail"'));
  if (failed !== undefined) throw new Error(`the engine of ${host.name} refused the images: ${failed}`);
}
