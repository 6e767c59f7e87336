/** The small facts that random worlds are made of. */
import { days, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import * as fc from "fast-check";
import { NOW } from "./world.ts";

/** A time that ended between now and a year ago, with the edges of the usual limits among them. */
export const past = fc.oneof(
  fc.integer({ min: 0, max: days(365) }).map((ms) => NOW - ms),
  fc.constantFrom(NOW, NOW - 2 * MINUTE_MS, NOW - HOUR_MS, NOW - days(14), NOW + HOUR_MS),
);
export const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
export const rarely = fc.constantFrom(false, false, false, false, true);
export const labels = fc.constantFrom<Record<string, string>>({}, {}, { keep: "true" }, { tier: "gold" });
