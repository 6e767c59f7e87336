import { errorChain } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { waitUntil } from "./wait-until.ts";

test("answers what the condition answered in the end", async () => {
  let looks = 0;

  const value = await waitUntil(() => ++looks === 3 && "there", {
    what: "the thing",
    deadlineMs: 1000,
    everyMs: 1,
  });

  expect(value).toBe("there");
});

test("a condition that throws is asked again", async () => {
  let looks = 0;
  const condition = () => {
    if (++looks < 3) throw new Error("not yet");
    return true;
  };

  await expect(waitUntil(condition, { what: "it", deadlineMs: 1000, everyMs: 1 })).resolves.toBe(true);
});

test.each([
  ["the last value", () => 0, "the thing took longer than 20 ms: last seen: 0"],
  ["the last error", () => Promise.reject(new Error("refused")), "the thing took longer than 20 ms: refused"],
  [
    "a condition that hangs",
    () => new Promise<boolean>(() => undefined),
    "the thing took longer than 20 ms: the condition itself gave no answer",
  ],
])("past the deadline it tells what was awaited, and %s", async (_, condition, message) => {
  const failure = await waitUntil<unknown>(condition, {
    what: "the thing",
    deadlineMs: 20,
    everyMs: 5,
  }).catch((error: unknown) => error);

  expect(errorChain(failure)).toBe(message);
});
