import type { RestorePoint } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { proveListed } from "./prove-listed.ts";
import { actWorld, NOW } from "./testing/act-world.ts";

const point = (id: string, bytes: number, at = NOW): RestorePoint => ({
  id,
  at,
  bytes,
  files: 10,
  repository: "local",
  dataset: "volume:shop",
});
const made = [{ id: "new-one", dataset: "volume:shop" }];

test("what the repository lists and is as large as usual is proven", () => {
  const { context, ledger, troubles } = actWorld();

  proveListed("local", made, [point("older", 100, NOW - 1), point("new-one", 90)], context);

  expect(ledger.proofs.all()).toEqual([
    {
      at: NOW,
      level: "listed",
      repository: "local",
      dataset: "volume:shop",
      restorePoint: "new-one",
      passed: true,
      facts: { bytes: 90, files: 10, usualBytes: 100, usualFiles: 10, comparedWith: 1 },
    },
  ]);
  expect(troubles).toEqual([]);
});

test("what shrunk by more than half is not, and is told once until a good one follows", async () => {
  const { context, clock, ledger, troubles } = actWorld();
  const older = point("older", 100, NOW - 1);
  const shrunk = [older, point("new-one", 40)];

  proveListed("local", made, shrunk, context);
  await clock.advance(1);
  proveListed("local", made, shrunk, context);
  expect(troubles).toEqual([
    "restore_point_implausible: restore point new-one of volume:shop in repository local holds 40 bytes, less than half of the usual 100",
  ]);
  expect(ledger.proofs.all()).toMatchObject([{ passed: false, at: NOW + 1 }]);

  await clock.advance(1);
  proveListed("local", made, [older, point("new-one", 100)], context);
  await clock.advance(1);
  proveListed("local", made, shrunk, context);
  expect(troubles).toHaveLength(2);
});

test("what the repository does not list was not made", () => {
  const { context, ledger } = actWorld();

  proveListed("local", made, [point("older", 100)], context);

  expect(ledger.proofs.all()).toMatchObject([{ passed: false, message: "is not listed by its repository" }]);
});
