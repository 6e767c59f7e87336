import { days, HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { explainPrune, summarizePrune } from "./explain.ts";
import type { PruneReason } from "./reason.ts";

const target = { type: "image", id: "i", name: "web:1" } as const;
const said = (reason: PruneReason) => explainPrune({ target, decision: "remove", reason });

test("a reason is a sentence with the figures that decided", () => {
  expect(said({ why: "unused", unusedForMs: days(90), limitMs: days(14) })).toBe(
    "unused for 90 days (limit 14 days)",
  );
  expect(said({ why: "exited", exitedForMs: 100 * HOUR_MS, limitMs: days(3), exitCode: 137 })).toBe(
    "ended with code 137 4 days ago (limit 3 days)",
  );
  expect(
    said({ why: "failed", exitedForMs: days(4), limitMs: days(3), exitCode: 137, outOfMemory: true }),
  ).toBe("ended, out of memory, 4 days ago (limit 3 days)");
  expect(said({ why: "rollback-of", container: "web", ranMsAgo: days(3) })).toBe(
    "web ran it 3 days ago and may be rolled back to it",
  );
  expect(said({ why: "limit", limit: "limits.bytes", most: 10e9, unit: "bytes" })).toBe(
    "next time: limits.bytes is 10 GB",
  );
  expect(said({ why: "in-use", by: "postgres" })).toBe("used by postgres");
});

test("a reason of a newer version is told by its code and its facts", () => {
  const reason = { why: "rolled-back-to", container: "web", generations: 2 };

  expect(explainPrune({ target, decision: "keep", reason })).toBe(
    "rolled back to, container web, generations 2",
  );
});

test("the summary counts what the steps free, of what all candidates would", () => {
  const reason = { why: "dangling" };
  const step = { target, decision: "remove", reason, bytes: 1.2e9 };
  const kept = { target, decision: "keep", reason, bytes: 2.2e9 };

  expect(summarizePrune([step, kept])).toBe("frees 1.2 GB of 3.4 GB");
  expect(summarizePrune([kept])).toBe("frees nothing of 2.2 GB");
});
