import { expect, test } from "vitest";
import { toCsv } from "./index.ts";

const cells = (...values: unknown[]) => values.map((value) => toCsv([], [[value]]).trim());

test("a text that a spreadsheet would run gets an apostrophe in front", () => {
  expect(cells("=1+1", "+A1", "-2", "@sum", "|cmd", "%1", "  =1", "\tx")).toEqual([
    "'=1+1",
    "'+A1",
    "'-2",
    "'@sum",
    "'|cmd",
    "'%1",
    `"'  =1"`,
    `"'\tx"`,
  ]);
});

test("commas, quotes and line ends stay inside their cell", () => {
  expect(cells('say "a,b"', "a\r\nb", "web:1")).toEqual([`"say ""a,b"""`, `"a\r\nb"`, "web:1"]);
});

test("what is no text is written as programs read it", () => {
  expect(cells(-7, true, undefined, null, ["a", "b"])).toEqual(["-7", "true", "", "", `"[""a"",""b""]"`]);
});

test("one line for the head and for each row", () => {
  expect(toCsv(["host", "pids"], [["web-1", 5]])).toBe("host,pids\r\nweb-1,5\r\n");
});
