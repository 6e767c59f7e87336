import { ResticProblem, type ResticProblemCode } from "@shipkeeper/restic";
import { expect, test } from "vitest";
import { afterUse, problemToTell, UNUSED, type RepositoryHealth } from "./health.ts";

/** `backup ok`, `snapshots repository_full`: what was done, and how it ended. */
function after(...uses: string[]): RepositoryHealth {
  return uses.reduce((health, use, at) => {
    const words = use.split(" ");
    const end = words.pop() ?? "";
    const error =
      end === "ok" ? undefined : new ResticProblem(end as ResticProblemCode, `it is ${end}, ${at}`);
    return afterUse(health, { args: words, error }, at);
  }, UNUSED);
}

const told = (...uses: string[]) => problemToTell(after(...uses))?.code;

test("a problem stands until the same use works, whatever easier ones do", () => {
  expect(told("backup repository_full", "snapshots ok")).toBe("repository_full");
  expect(told("backup repository_full", "snapshots ok", "backup ok")).toBeUndefined();
  expect(told("snapshots repository_unreachable", "cat ok")).toBeUndefined();
  expect(told("backup repository_unreachable", "snapshots ok")).toBeUndefined();
});

test("it has one beginning and one sentence, however often it is met", () => {
  const health = after(
    "backup repository_full",
    "snapshots ok",
    "backup repository_full",
    "prune repository_full",
  );

  expect(problemToTell(health)).toMatchObject({ since: 0, message: "it is repository_full, 0" });
  expect(health.problems).toHaveLength(1);
});

test("the worse is told where two stand, and the other when that is over", () => {
  expect(told("backup repository_read_only", "snapshots repository_unreachable", "cat ok")).toBe(
    "repository_read_only",
  );
  expect(told("restore repository_damaged", "snapshots ok")).toBe("repository_damaged");
  expect(told("restore repository_damaged", "backup ok")).toBe("repository_damaged");
  expect(told("restore repository_damaged", "backup ok", "restore ok")).toBeUndefined();
  expect(told("backup repository_full", "restore ok")).toBe("repository_full");
});

test("what a copy could not read stands until a copy can read it, however often the source is backed up to", () => {
  const failed = {
    args: ["copy", "ab"],
    isSource: true,
    error: new ResticProblem("repository_damaged", "no"),
  };
  const worked = { args: ["copy", "ab"], isSource: true };
  const backedUp = { args: ["backup", "/data"] };

  const damaged = [failed, backedUp, backedUp].reduce((health, use, at) => afterUse(health, use, at), UNUSED);

  expect(problemToTell(damaged)).toMatchObject({ code: "repository_damaged", since: 0 });
  expect(problemToTell(afterUse(damaged, worked, 3))).toBeUndefined();
});

test("a check only reads: it ends no problem of writing, and what damage it finds the proofs tell", () => {
  expect(told("backup repository_full", "check --no-lock ok")).toBe("repository_full");
  expect(told("check --no-lock repository_damaged")).toBeUndefined();
  expect(told("check --no-lock repository_unreachable")).toBe("repository_unreachable");
});

test("what the repository has no part in is no problem of it", () => {
  expect(told("restore restic_failed")).toBeUndefined();
  expect(told("restore restore_point_unknown")).toBeUndefined();
  expect(told("backup backup_incomplete")).toBeUndefined();
  expect(after("backup backup_incomplete").lastOkAt).toBeUndefined();
});
