import { DatabaseNotUsable } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { openStore } from "./store.ts";

test("a file that is no database is refused, not overwritten", () => {
  expect(() => openStore("/proc/self/status")).toThrow(DatabaseNotUsable);
});
