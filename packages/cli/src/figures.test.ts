import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { ApiAvailability, ApiHealing } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { NOW, page, runCommand } from "./testing/run-command.ts";

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

const times = { count: 2, medianMs: 3 * SECOND_MS, p95Ms: 4 * SECOND_MS, maxMs: 4 * SECOND_MS };
const HEALING: ApiHealing = {
  since: NOW - 7 * DAY_MS,
  at: NOW,
  incidents: 3,
  heals: 4,
  healed: 1,
  recovered: 1,
  recoveredShare: 0.5,
  withoutPeopleShare: 1,
  handedOver: 0,
  open: 1,
  stopped: 0,
  removed: 0,
  times: {
    sickToDetected: times,
    detectedToOrdered: times,
    orderedToHealthy: { count: 0 },
    sickToHealthy: { ...times, maxMs: 2 * MINUTE_MS },
  },
  byImage: [{ name: "web:1", incidents: 3, heals: 4, healed: 1, recovered: 1, handedOver: 0 }],
  byOwner: [{ incidents: 3, heals: 4, healed: 1, recovered: 1, handedOver: 0 }],
  flapping: [{ name: "web", host: "web-1", incidents: 3, heals: 4 }],
};

test("healing says in a sentence how sickness ended, then how long it took and what is sick most", async () => {
  const { code, out, calls } = await runCommand("healing --days 7", () => ({ body: HEALING }));

  expect(code).toBe(0);
  expect(calls).toEqual(["GET /api/v1/healing?days=7"]);
  expect(out).toContain(
    "3 incidents, 4 orders to heal: 1 healed, 1 recovered without an order (50.00 % of what got well), " +
      "1 open; people were called for 0\n",
  );
  expect(out).toContain("sick until healthy\t3 seconds\t4 seconds\t2 minutes\t2\n");
  expect(out).toContain("ordered until healthy\t-\t-\t-\t0\n");
  expect(out).toContain("web\tweb-1\t-\t3\t4\n");
});

test("where nothing was sick, healing says so and no more", async () => {
  const nothing = { ...HEALING, incidents: 0, byImage: [], byOwner: [], flapping: [] };

  expect((await runCommand("healing", () => ({ body: nothing }))).out).toBe("nothing was sick\n");
  expect(JSON.parse((await runCommand("healing --json", () => ({ body: HEALING }))).out)).toEqual(HEALING);
});
