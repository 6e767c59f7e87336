import { expect, test } from "vitest";
import { lineMatcher, linePatternProblem } from "./line-pattern.ts";

test("a line matches where one of the texts stands in it, in any case only when asked for", () => {
  const errors = lineMatcher("ERROR|FATAL|panic: ");
  const anyCase = lineMatcher("(?i)error|out of memory");

  expect(["x ERROR y", "FATAL", "panic: boom"].map(errors)).toEqual([true, true, true]);
  expect(["error", "panic", ""].map(errors)).toEqual([false, false, false]);
  expect(["Error", "OUT OF MEMORY"].map(anyCase)).toEqual([true, true]);
});

test("a sign with a backslash is meant literally, and a dot is any sign", () => {
  const literal = lineMatcher("\\[error\\]|exit\\|2|a\\\\b");

  expect(["[error]", "exit|2", "a\\b"].map(literal)).toEqual([true, true, true]);
  expect(literal("error")).toBe(false);
  expect(lineMatcher("java.lang.OutOfMemoryError")("java.lang.OutOfMemoryError: heap")).toBe(true);
});

test.each([
  ["(a+)+$", "a literal ( is written \\("],
  ["ERR.*", "a literal * is written \\*"],
  ["^ERROR", "a literal ^ is written \\^"],
  ["\\d", "not before a letter"],
  ["a\\", "not before a letter"],
  ["ERROR|", "an empty text would match every line"],
  ["", "an empty text would match every line"],
  ["(?i)", "an empty text would match every line"],
  ["x".repeat(501), "500 characters or fewer"],
])("%j is no pattern for lines", (pattern, why) => {
  expect(linePatternProblem(pattern)).toContain(why);
});
