import { formatDuration } from "@shipkeeper/kit";
import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";

const evidence = z.object({ ageMs: z.number(), limitMs: z.number() });

/**
 * A running container that was created too long ago. Creation counts, not the last start: only a recreated one gets
 * an image of today and shows that it can be made at all.
 */
export const containerTooOld: Check<number, z.infer<typeof evidence>> = {
  code: "container-too-old",
  title: "container too old",
  severity: "medium",
  limit: z.number(),
  evidence,
  needs: ["containers"],
  container(limitMs, container, { now }) {
    if (!isAlive(container)) return undefined;
    if (container.createdAt === undefined) return unknown("the engine does not say when it was created");
    const ageMs = now - container.createdAt;
    return ageMs <= limitMs ? PASSED : failed({ ageMs, limitMs });
  },
  explain: ({ ageMs, limitMs }) => `created ${formatDuration(ageMs)} ago (limit ${formatDuration(limitMs)})`,
};
