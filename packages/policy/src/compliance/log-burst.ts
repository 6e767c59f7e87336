import { formatBytes } from "@shipkeeper/kit";
import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { burstLimitsSchema, logRuleSchema, selectsLog } from "../logs/log-rule.ts";
import type { LogBurst } from "../logs/watched-log.ts";
import { failed, PASSED, unknown, type Check } from "./check.ts";

const limit = logRuleSchema.pick({ select: true }).extend({ burst: burstLimitsSchema });
type Limit = z.infer<typeof limit>;

const evidence = z.object({
  why: z.enum(["bytes", "matches"]),
  perMinute: z.number(),
  limitPerMinute: z.number(),
  /** Empty where it is about bytes, as the last line that matched is where none did. */
  pattern: z.string(),
  line: z.string(),
});

/**
 * A running container whose log bursts, as its agent tells it: more bytes or more matching lines in one minute than
 * the policy allows, and not five minutes without it since.
 */
export const logBurst: Check<Limit, z.infer<typeof evidence>> = {
  code: "log-burst",
  title: "log burst",
  severity: "medium",
  limit,
  evidence,
  needs: ["containers"],
  container({ select, burst: limits }, container, { logs }) {
    if (!isAlive(container) || !selectsLog({ select }, container)) return undefined;
    if (logs === undefined) return unknown("its agent does not watch logs");
    const { unreadable, burst, sample } = logs.get(container.id) ?? {};
    if (unreadable !== undefined) return unknown("its log cannot be read");
    const limitPerMinute = burst === undefined ? undefined : limitOf(limits, burst);
    if (burst === undefined || limitPerMinute === undefined || burst.perMinute <= limitPerMinute)
      return PASSED;
    const { why, perMinute, pattern = "" } = burst;
    return failed({ why, perMinute, limitPerMinute, pattern, line: sample?.line ?? "" });
  },
  explain({ why, perMinute, limitPerMinute, pattern, line }) {
    const last = line === "" ? "" : `; last: ${line}`;
    return why === "bytes"
      ? `logged ${formatBytes(perMinute)} in a minute (limit ${formatBytes(limitPerMinute)})${last}`
      : `${perMinute} lines in a minute matched ${pattern} (limit ${limitPerMinute})${last}`;
  },
};

function limitOf(
  { bytesPerMinute, matchesPerMinute }: Limit["burst"],
  { why }: LogBurst,
): number | undefined {
  return why === "bytes" ? bytesPerMinute : matchesPerMinute;
}
