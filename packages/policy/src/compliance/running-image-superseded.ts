import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";
import { fullName, isPinned } from "./image-names.ts";

const evidence = z.object({ image: z.string(), now: z.string() });

/**
 * A running container whose tag names another image of this host by now: somebody pulled or built a later one, and the
 * container was never recreated. A container that was asked for by digest or id has what it asked for.
 */
export const runningImageSuperseded: Check<true, z.infer<typeof evidence>> = {
  code: "running-image-superseded",
  title: "running image superseded",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: ["containers", "images"],
  container(_, container, { imageByTag }) {
    if (!isAlive(container)) return undefined;
    if (isPinned(container.image)) return PASSED;
    const named = imageByTag.get(fullName(container.image));
    if (named === undefined) return unknown("no image of this host has the name that it was asked for by");
    return named.id === container.imageId ? PASSED : failed({ image: container.image, now: named.id });
  },
  explain: ({ image, now }) =>
    `runs an older ${image}: the name stands for ${now.slice("sha256:".length, "sha256:".length + 12)} by now`,
};
