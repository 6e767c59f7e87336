import { expect, test } from "vitest";
import { renderCsv } from "./render-csv.ts";
import { HOSTILE_FACTS, NOW, SAMPLE_FACTS } from "./testing/sample-facts.ts";

test("one line for each image on each host", async () => {
  await expect(renderCsv(SAMPLE_FACTS, NOW)).toMatchFileSnapshot("golden/images.csv");
});

test("no name breaks a line", () => {
  const lines = renderCsv(HOSTILE_FACTS, NOW).split("\r\n");

  expect(lines).toHaveLength(HOSTILE_FACTS.images.length + 2);
});
