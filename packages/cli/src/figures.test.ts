import { DAY_MS, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import type { ApiAvailability } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { page, runCommand } from "./testing/run-command.ts";

const availability = (name: string, facts: Partial<ApiAvailability> = {}): ApiAvailability => ({
  name,
  upMs: 30 * DAY_MS,
  downMs: 0,
  uncountedMs: 0,
  outages: 0,
  longestOutageMs: 0,
  ...facts,
});

test("availability says what was up how long, and how far from its target", async () => {
  const { code, out, calls } = await runCommand(
    "availability --of services --window 30d --owner payments",
    () =>
      page(
        availability("shop/front", {
          share: 0.99977,
          downMs: 10 * MINUTE_MS,
          outages: 2,
          longestOutageMs: 8 * MINUTE_MS,
          met: true,
          budgetLeftMs: 33 * MINUTE_MS,
          state: "up",
        }),
        availability("shop/db", { share: 0.98, met: false, budgetLeftMs: -2 * HOUR_MS, state: "down" }),
        availability("shop/batch", { upMs: 0 }),
      ),
  );

  expect(code).toBe(0);
  expect(calls).toEqual(["GET /api/v1/availability?of=services&window=30d&owner=payments&limit=500"]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => line.split("\t")),
  ).toEqual([
    ["name", "host", "owner", "up", "down for", "outages", "longest", "target", "now"],
    ["shop/front", "-", "-", "99.97 %", "10 minutes", "2", "8 minutes", "met, 33 minutes left", "up"],
    ["shop/db", "-", "-", "98.00 %", "-", "0", "-", "missed by 2 hours", "down"],
    ["shop/batch", "-", "-", "-", "-", "0", "-", "not watched", "-"],
  ]);
});
