import { isAlive, type Container } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, unknown, type Check } from "./check.ts";

const evidence = z.object({ logDriver: z.string() });

/**
 * A running container whose log grows until the disk is full. Of the drivers that write files on the host, `json-file`
 * rotates only where `max-size` is set; `local` always does (five files of 20 MB), and the others keep no files of
 * their own. Follows from CIS Docker Benchmark 2.13, which asks for logs that are kept elsewhere.
 */
export const logRotationMissing: Check<true, z.infer<typeof evidence>> = {
  code: "log-rotation-missing",
  title: "no log rotation",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: ["containers"],
  container: (_, container) => (isAlive(container) ? judge(container) : undefined),
  explain: ({ logDriver }) => `its log (${logDriver}) grows without end: set max-size and max-file`,
};

function judge({ logDriver, logRotation }: Container) {
  if (logDriver !== "json-file") return PASSED;
  if (logRotation === undefined) return unknown("its agent does not read the options of logs");
  const { maxSize = "-1" } = logRotation;
  return maxSize === "-1" ? failed({ logDriver }) : PASSED;
}
