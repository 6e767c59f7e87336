import { days, HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { fleetReport } from "./fleet-report.ts";
import { availabilityInWords } from "./figures-in-words.ts";
import { NOW, SAMPLE_FACTS } from "./testing/sample-facts.ts";

test("of a fleet younger than the report's look back it says how little was watched", () => {
  const report = fleetReport(SAMPLE_FACTS, NOW);
  const watchedFor = (countedMs: number) =>
    availabilityInWords({ ...report, availability: { ...report.availability, countedMs } });

  expect(watchedFor(days(28))).toMatch(/ over 30 days; /);
  expect(watchedFor(2 * HOUR_MS)).toMatch(/ over the 2 hours that were watched; /);
});
