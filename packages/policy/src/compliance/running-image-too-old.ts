import { formatDuration } from "@shipkeeper/kit";
import { buildAgeMs, imageName, isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";

const evidence = z.object({ image: z.string(), ageMs: z.number(), limitMs: z.number() });

/** A container that runs an image which was built too long ago: what is exposed matters more than what is only stored. */
export const runningImageTooOld: Check<number, z.infer<typeof evidence>> = {
  code: "running-image-too-old",
  title: "running image too old",
  severity: "high",
  limit: z.number(),
  evidence,
  needs: ["containers", "images"],
  container(limitMs, container, { imageById, now }) {
    if (!isAlive(container)) return undefined;
    const image = imageById.get(container.imageId);
    if (image === undefined) return unknown("its image is no longer in the cache");
    return judge(limitMs, { name: imageName(image), ageMs: buildAgeMs(image, now) });
  },
  gate(limitMs, { image, reference }, now) {
    if (image === undefined) return unknown("no host has it");
    return judge(limitMs, { name: reference, ageMs: buildAgeMs(image, now) });
  },
  explain: ({ image, ageMs, limitMs }) =>
    `runs ${image}, built ${formatDuration(ageMs)} ago (limit ${formatDuration(limitMs)})`,
};

function judge(limitMs: number, { name, ageMs }: { name: string; ageMs: number | undefined }) {
  if (ageMs === undefined) return unknown("no build time that can be believed");
  return ageMs <= limitMs ? PASSED : failed({ image: name, ageMs, limitMs });
}
