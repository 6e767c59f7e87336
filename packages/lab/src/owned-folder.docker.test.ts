import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { makeOwnedFolder } from "./owned-folder.ts";
import { runProgram } from "./run-program.ts";
import { sweepAbandoned } from "./sweep-abandoned.ts";

test("a sweep removes the folder of a dead process with what is mounted in it, and leaves that of a living one", async () => {
  const mine = await makeOwnedFolder("disk");
  const dead = mine.path.replace(/-\d+-\d+-/, "-4999999-1-"); // above the largest process number there is
  await mkdir(`${dead}/mounted`, { recursive: true });
  await runProgram("mount", ["-t", "tmpfs", "none", `${dead}/mounted`]);

  await sweepAbandoned();

  expect(existsSync(dead)).toBe(false);
  expect(existsSync(mine.path)).toBe(true);
  await mine.remove();
  expect(existsSync(mine.path)).toBe(false);
});
