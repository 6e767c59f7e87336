import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";

const evidence = z.object({ image: z.string() });

/** A running container whose image is no longer in the cache: it cannot be recreated here as it is. */
export const runningImageGone: Check<true, z.infer<typeof evidence>> = {
  code: "running-image-gone",
  title: "running image no longer in the cache",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: ["containers", "images"],
  container(_, container, { imageById }) {
    if (!isAlive(container)) return undefined;
    return imageById.has(container.imageId) ? PASSED : failed({ image: container.image });
  },
  explain: ({ image }) => `runs ${image}, which is no longer in the cache: it cannot be recreated here`,
};
