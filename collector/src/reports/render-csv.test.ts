import { expect, test } from "vitest";
import { csvCell, renderCsv } from "./render-csv.ts";
import { HOSTILE_FACTS, NOW, SAMPLE_FACTS } from "./testing/sample-facts.ts";

test("one line for each image on each host", async () => {
  await expect(renderCsv(SAMPLE_FACTS, NOW)).toMatchFileSnapshot("golden/images.csv");
});

test("a text that a spreadsheet would run gets an apostrophe in front", () => {
  expect(["=1+1", "+A1", "-2", "@sum", "|cmd", "  =1", 'say "a,b"', -7, "web:1"].map(csvCell)).toEqual([
    "'=1+1",
    "'+A1",
    "'-2",
    "'@sum",
    "'|cmd",
    `"'  =1"`,
    `"say ""a,b"""`,
    "-7",
    "web:1",
  ]);
});

test("no name breaks a line", () => {
  const lines = renderCsv(HOSTILE_FACTS, NOW).split("\r\n");

  expect(lines).toHaveLength(HOSTILE_FACTS.images.length + 2);
});
