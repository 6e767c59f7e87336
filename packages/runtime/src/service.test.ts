import { expect, test } from "vitest";
import { silentLog } from "./log.ts";
import { stopAll } from "./service.ts";

test("services stop in the given order, one after the other, each even where one before it failed", async () => {
  const seen: string[] = [];
  const service = (name: string, fails = false) => ({
    name,
    async stop() {
      seen.push(`${name} begins`);
      await Promise.resolve();
      if (fails) throw new Error("stuck");
      seen.push(`${name} ends`);
    },
  });

  await stopAll([service("a"), service("b", true), service("c")], silentLog);

  expect(seen).toEqual(["a begins", "a ends", "b begins", "c begins", "c ends"]);
});
