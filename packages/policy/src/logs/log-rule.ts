/** What a policy wants of the logs of its hosts' containers, compiled, and what follows for one container. */
import type { Container, HostLabels } from "@shipkeeper/model";
import * as z from "zod";
import type { PolicyBundle } from "../language/policy.ts";
import { policiesFor } from "../language/compile.ts";
import { selectsContainer } from "../language/select.ts";

/** Each is searched for in every line. */
export const MOST_PATTERNS = 20;

/** More than so much in one minute is a burst. */
export const burstLimitsSchema = z.strictObject({
  bytesPerMinute: z.number().optional(),
  /** Lines that one of the patterns matches. */
  matchesPerMinute: z.int().optional(),
});
export type BurstLimits = z.infer<typeof burstLimitsSchema>;

export const logRuleSchema = z.strictObject({
  /** Absent: every container of the host. */
  select: z
    .strictObject({
      containers: z.array(z.string()).optional(),
      labels: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  /** By the name that a count is told under. */
  patterns: z.record(z.string(), z.string()),
  burst: burstLimitsSchema.optional(),
});
export type LogRule = z.infer<typeof logRuleSchema>;

export function logRulesFor(bundle: PolicyBundle, hostLabels: HostLabels): LogRule[] {
  return policiesFor(bundle, hostLabels).flatMap(({ logs }) => (logs === undefined ? [] : [logs]));
}

export function selectsLog({ select }: Pick<LogRule, "select">, container: Container): boolean {
  if (select === undefined) return true;
  return selectsContainer({ names: select.containers, labels: select.labels }, container);
}

/** What is watched for in one container's log. */
export interface LogDemand {
  readonly patterns: Readonly<Record<string, string>>;
  readonly burst: BurstLimits;
}

/** All rules about the container as one: of two patterns with one name the first counts, of two limits the stricter. */
export function logDemandOf(rules: readonly LogRule[], container: Container): LogDemand {
  const about = rules.filter((rule) => selectsLog(rule, container));
  const named = about.toReversed().flatMap(({ patterns }) => Object.entries(patterns));
  const least = (key: keyof BurstLimits) => {
    const limits = about.flatMap(({ burst }) => burst?.[key] ?? []);
    return limits.length === 0 ? {} : { [key]: Math.min(...limits) };
  };
  return {
    patterns: Object.fromEntries(named),
    burst: { ...least("bytesPerMinute"), ...least("matchesPerMinute") },
  };
}
