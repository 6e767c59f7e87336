import { formatBytes } from "@shipkeeper/kit";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";

const evidence = z.object({ logBytes: z.number(), limitBytes: z.number(), logDriver: z.string() });

/** The files that the limit is spread over: as many as the driver `local` keeps, less two. */
const FILES = 3;

/**
 * A container, in whatever state, whose log has outgrown its size on the host's disk. Nothing cuts it short behind the
 * engine's back: the finding names the rotation to set, which takes a container that is recreated.
 */
export const logTooLarge: Check<number, z.infer<typeof evidence>> = {
  code: "log-too-large",
  title: "log too large",
  severity: "medium",
  limit: z.number(),
  evidence,
  needs: ["containers"],
  container(limitBytes, { logBytes, logDriver }) {
    if (logBytes === undefined) return unknown("the size of its log was not measured");
    return logBytes <= limitBytes ? PASSED : failed({ logBytes, limitBytes, logDriver });
  },
  explain({ logBytes, limitBytes, logDriver }) {
    const each = Math.max(1, Math.floor(limitBytes / FILES / 1e6));
    return (
      `its log has ${formatBytes(logBytes)} (limit ${formatBytes(limitBytes)}): ` +
      `recreate it with max-size=${each}m and max-file=${FILES} of its log driver ${logDriver}`
    );
  },
};
