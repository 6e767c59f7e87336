import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { NOW } from "../testing/world.ts";
import { endProblem, exemptionMatchSchema, matchesExemption } from "./exemption.ts";
import { dateSchema } from "./values.ts";

test("a date ends with its last minute in UTC, and is written again as it was", () => {
  expect(dateSchema.decode("2027-03-31")).toBe(Date.UTC(2027, 3, 1));
  expect(dateSchema.encode(Date.UTC(2027, 3, 1))).toBe("2027-03-31");
  expect(dateSchema.decode("2027-03-31T12:00+02:00")).toBe(Date.UTC(2027, 2, 31, 10));
  expect(dateSchema.encode(Date.UTC(2027, 2, 31, 10))).toBe("2027-03-31T10:00:00.000Z");
});

test.each(["31.3.2027", "2027-3-31", "2027-02-30", "2027-13-01", "2027-03-31T12:00", "tomorrow", ""])(
  "%s is no date",
  (text) => {
    expect(dateSchema.safeDecode(text).success).toBe(false);
  },
);

test("all keys of a match must find a name, and a match without keys matches nothing", () => {
  const thing = { image: ["acme/ledger:3.1", "acme/ledger"], container: ["ledger-1"], host: ["web-1"] };

  expect(matchesExemption({ image: "acme/ledger:3.*" }, thing)).toBe(true);
  expect(matchesExemption({ image: "acme/ledger", host: "web-*" }, thing)).toBe(true);
  expect(matchesExemption({ image: "acme/ledger", host: "db-*" }, thing)).toBe(false);
  expect(matchesExemption({ volume: "*" }, thing)).toBe(false);
  expect(matchesExemption({}, thing)).toBe(false);
  expect(exemptionMatchSchema.safeParse({}).success).toBe(false);
});

test("an end that is past, or years away, is a mistake that says what to do", () => {
  expect(endProblem(NOW + 1, NOW)).toBeUndefined();
  expect(endProblem(Date.UTC(2030, 0, 31), NOW)).toBe(
    "ended 2030-01-30: renew it with a new date or remove it",
  );
  expect(endProblem(NOW + days(800), NOW)).toMatch(
    /^expected a date at most two years ahead \(2032-02-01 or before\), got 20/,
  );
});
