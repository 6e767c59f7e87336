import { HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import { ownBackupCondition } from "./own-backup-condition.ts";

const newest = (ageMs: number) => ({
  newest: { restorePoint: "ab", dataAt: NOW - ageMs, bytes: 1, addedBytes: 1, tookMs: 1 },
});
const titleOf = (state: Parameters<typeof ownBackupCondition>[0]["state"]) =>
  ownBackupCondition({ state, everyMs: HOUR_MS }, NOW)?.title;

test("a backup of the collector is late when two of its spans are over", () => {
  expect(titleOf({})).toBeUndefined();
  expect(titleOf(newest(2 * HOUR_MS))).toBeUndefined();
  expect(titleOf(newest(2 * HOUR_MS + 1))).toBe("The backup of the collector's own database is late");
});

test("what went wrong is told at once, with what can be restored all the same", () => {
  const failed = (doing: "backup" | "drill") => ({
    problem: { doing, since: NOW, message: "the password of repository collector-backup is wrong" },
  });

  expect(ownBackupCondition({ state: { ...newest(1), ...failed("backup") }, everyMs: HOUR_MS }, NOW)).toEqual(
    {
      key: "fleet/collector-backup",
      kind: "collector-backup",
      severity: "high",
      subject: "collector",
      title: "The collector's own database is not backed up",
      why: "since 2030-01-31 02:00Z: the password of repository collector-backup is wrong; what was told before 2030-01-31 01:59Z can be restored",
    },
  );
  expect(titleOf(failed("drill"))).toBe("The backup of the collector's own database does not come back");
});
