import { expect, test } from "vitest";
import { printable, printableByNumber, printableLines } from "./index.ts";

test("a name is one line of plain characters, whatever it holds", () => {
  expect(printable("a\nb\u001b[31m\u202ec\u200bd\u0000")).toBe("a\ufffdb\ufffd[31m\ufffdc\ufffdd\ufffd");
  expect(printable(`z${"\u0301".repeat(40)}`)).toBe("z");
  expect(printable("\ud800")).toBe("\ufffd");
  expect(printable("Prüfstand 東京")).toBe("Prüfstand 東京");
});

test("a long text is cut between characters, and says so", () => {
  expect(printable("x".repeat(1e6))).toHaveLength(200);
  expect(printable("abcdef", 4)).toBe("abc…");
  expect(printable("🐳🐳🐳", 2)).toBe("🐳…");
  expect(printable("abcd", 4)).toBe("abcd");
});

test("by number, names that look alike stay apart", () => {
  expect(printableByNumber("web\u200b:1\n")).toBe("web\\u{200b}:1\\u{a}");
  expect(printableByNumber("web\u200d:1")).not.toBe(printableByNumber("web\u200b:1"));
});

test("lines stay lines", () => {
  expect(printableLines("one\r\n\ttwo\u001b[2J\n")).toBe("one\n    two\ufffd[2J\n");
});
