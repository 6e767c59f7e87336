import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { NOW } from "../../testing/world.ts";
import { explainRestart } from "./explain.ts";
import type { RestartReason } from "./reason.ts";

const target = { type: "container" as const, id: "i", name: "web" };
const [soon, ago] = [NOW + 5 * MINUTE_MS, NOW - MINUTE_MS];
const step = { sign: "unhealthy" as const, since: ago, stopTimeoutSeconds: 10, attempt: 2, attempts: 5 };
const root = { id: "d", name: "db" };

/** One of each, as the planner gives them. */
const REASONS: RestartReason[] = [
  { why: "unhealthy", ...step, evidence: "unhealthy for 90 seconds (limit 60 seconds)", later: false },
  { why: "unhealthy", ...step, evidence: "unhealthy for 3 hours (limit 60 seconds)", later: true },
  { why: "confirming", evidence: "unhealthy for 20 seconds (limit 60 seconds)" },
  { why: "verifying", triedAt: ago, until: soon },
  { why: "backing-off", failures: 1, nextAt: soon },
  { why: "host-cap", most: 3, perMs: 5 * MINUTE_MS, nextAt: soon },
  { why: "image-cap", most: 1, perMs: HOUR_MS, nextAt: soon },
  { why: "cannot-see", section: "engine" },
  { why: "engine-came-up", upSince: ago, until: soon },
  { why: "host-came-up", upSince: ago, until: soon },
  { why: "maintenance", because: "new disks", until: soon },
  { why: "busy", work: "backup" },
  { why: "touched", what: "stop", at: ago, until: soon },
  { why: "start-period", until: soon },
  { why: "dependency", root, rootIs: "sick" },
  { why: "dependency", root, rootIs: "not-running" },
  { why: "dependency", root, rootIs: "starting" },
  { why: "dependency", root, rootIs: "recovered", until: soon },
  { why: "host-storm", sick: 7, of: 12 },
  { why: "host-pressure", what: "memoryAvailable", value: 0.021, limit: 0.03 },
  { why: "host-pressure", what: "loadPerCpu", value: 17.24, limit: 16 },
  { why: "fleet-storm", hosts: 4 },
  { why: "budget-used", attempts: 5, perMs: 30 * MINUTE_MS, againAt: soon },
  { why: "budget-used", attempts: 8, perMs: 30 * MINUTE_MS },
  { why: "crash-loop", evidence: "ended 5 times in 10 minutes, last with exit code 137" },
  { why: "never-touch", by: "^db-" },
  { why: "auto-remove" },
  { why: "limit", limit: "guardrails limits.perDay.restarts", most: 7 },
  { why: "orchestrated", by: "swarm" },
  { why: "state", state: "paused" },
  { why: "starting" },
];

test("every reason is told in plain words", async () => {
  const told = REASONS.map(
    (reason) => `${reason.why.padEnd(16)} ${explainRestart({ target, decision: "wait", reason })}`,
  );

  await expect(`${told.join("\n")}\n`).toMatchFileSnapshot("./golden/reasons.txt");
});
