import { DAY_MS, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isOpenByTheClock } from "../round/check-windows.ts";
import { longestClosedMs, nextOpening, openWindow, weekdays, type Window } from "./windows.ts";

const window = (text: string): Window => {
  const [days = "", from = "", to = "", timezone = "UTC"] = text.split(" ");
  return { days, from, to, timezone };
};

/** `Sat 22:00 – Sun 04:00` of the first opening at or after an instant, in UTC. */
function opening(text: string, at: string): string | undefined {
  const found = nextOpening([window(text)], Date.parse(at));
  const shown = (instant: number) => new Date(instant).toISOString().slice(5, 16);
  return found === undefined ? undefined : `${shown(found.opensAt)} – ${shown(found.closesAt)}`;
}

test("a window opens on its days, and the one that is open counts", () => {
  // 2030-01-31 is a Thursday.
  expect(opening("Mon-Fri 01:00 05:00", "2030-01-31T00:00Z")).toBe("01-31T01:00 – 01-31T05:00");
  expect(opening("Mon-Fri 01:00 05:00", "2030-01-31T04:59Z")).toBe("01-31T01:00 – 01-31T05:00");
  expect(opening("Mon-Fri 01:00 05:00", "2030-02-01T05:00Z")).toBe("02-04T01:00 – 02-04T05:00");
  expect(opening("Mon-Fri 01:00 05:00 Europe/Vienna", "2030-01-31T00:00Z")).toBe("01-31T00:00 – 01-31T04:00");
});

test("a window over midnight belongs to the day on which it opens", () => {
  expect(opening("Fri 22:00 04:00", "2030-01-31T23:00Z")).toBe("02-01T22:00 – 02-02T04:00");
  expect(opening("Fri 22:00 04:00", "2030-02-02T03:59Z")).toBe("02-01T22:00 – 02-02T04:00");
});

test("a whole day has no gap at midnight", () => {
  const always = [window("Mon-Sun 00:00 24:00 Europe/Vienna")];

  for (let at = Date.parse("2030-01-31T22:30Z"); at < Date.parse("2030-02-02"); at += 30 * MINUTE_MS) {
    expect(openWindow(always, at), new Date(at).toISOString()).toBeDefined();
  }
});

test("in the night that spring makes shorter, a window that begins in the skipped hour opens after it", () => {
  expect(opening("Mon-Sun 02:15 04:00 Europe/Vienna", "2026-03-29T00:00Z")).toBe("03-29T01:00 – 03-29T02:00");
  expect(opening("Mon-Sun 02:10 02:50 Europe/Vienna", "2026-03-29T00:00Z")).toBe("03-30T00:10 – 03-30T00:50");
});

test("in the night that autumn makes longer, a window opens once and closes at the first of two times", () => {
  expect(opening("Mon-Sun 01:00 02:30 Europe/Vienna", "2026-10-24T22:00Z")).toBe("10-24T23:00 – 10-25T00:30");
  expect(opening("Mon-Sun 01:00 02:30 Europe/Vienna", "2026-10-25T00:30Z")).toBe("10-26T00:00 – 10-26T01:30");
});

test("days are named one by one and as spans, also over the end of the week", () => {
  expect(weekdays("Mon-Fri")).toEqual([1, 2, 3, 4, 5]);
  expect(weekdays("Fri-Mon, wed")).toEqual([5, 6, 0, 1, 3]);
  expect([weekdays("Funday"), weekdays(""), weekdays("Mon-Tue-Wed"), weekdays("1-5")]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

const time = fc
  .nat(95)
  .map(
    (quarter) =>
      `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${["00", "15", "30", "45"][quarter % 4]}`,
  );
const arbitraryWindow = fc
  .record({
    days: fc.constantFrom("Mon-Fri", "Sat,Sun", "Sun", "Fri-Mon", "Mon-Sun"),
    from: time,
    to: fc.oneof(time, fc.constant("24:00")),
    timezone: fc.constantFrom(
      "UTC",
      "Europe/Vienna",
      "America/New_York",
      "Asia/Kolkata",
      "Australia/Lord_Howe",
    ),
  })
  .filter(({ from, to }) => from !== to);
/** Any minute of two years, and often one of the two odd nights. */
const instant = fc
  .oneof(
    fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 0, 1) }),
    fc.integer({ min: Date.UTC(2026, 2, 28, 18), max: Date.UTC(2026, 2, 29, 12) }),
    fc.integer({ min: Date.UTC(2026, 9, 24, 18), max: Date.UTC(2026, 9, 25, 12) }),
  )
  .map((at) => at - (at % MINUTE_MS));

test("a window is never open against the clock on the wall, and away from the odd nights always with it", () => {
  fc.assert(
    fc.property(arbitraryWindow, instant, (one, at) => {
      const open = openWindow([one], at) !== undefined;
      const byTheClock = isOpenByTheClock([one], at);
      if (open) expect(byTheClock).toBe(true);
      if (isOrdinary(one.timezone, at)) expect(open).toBe(byTheClock);
    }),
    { numRuns: 300 },
  );
});

test("the longest time without a window is counted over a week, and over all windows together", () => {
  const hours = (...windows: string[]) => longestClosedMs(windows.map(window)) / HOUR_MS;

  expect(hours("Mon-Sun 00:00 24:00")).toBe(0);
  expect(hours("Mon-Sun 22:00 04:00 Europe/Vienna")).toBe(18);
  expect(hours("Mon-Fri 01:00 02:00")).toBe(71);
  expect(hours("Sun 01:00 02:00")).toBe(7 * 24 - 1);
  expect(hours("Mon-Fri 01:00 02:00", "Sat,Sun 00:00 12:00")).toBe(23);
});

test("the next opening is the next moment at which a window is open", () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryWindow, { minLength: 1, maxLength: 2 }),
      instant,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (windows, at, share) => {
        const next = nextOpening(windows, at);

        expect(next).toBeDefined();
        const { opensAt = NaN, closesAt = NaN } = next ?? {};
        const from = Math.max(at, opensAt);
        expect(openWindow(windows, from)).toBeDefined();
        expect(openWindow([...windows].slice(0, 1), at) === undefined || opensAt <= at).toBe(true);
        expect(closesAt - opensAt).toBeGreaterThan(0);
        expect(closesAt - opensAt).toBeLessThanOrEqual(DAY_MS + HOUR_MS);
        const between = at + Math.floor((opensAt - at) * share);
        if (opensAt > at && between < opensAt) expect(openWindow(windows, between)).toBeUndefined();
      },
    ),
    { numRuns: 150 },
  );
});

/** Whether a time zone keeps one offset for two days around an instant. */
function isOrdinary(timeZone: string, at: number): boolean {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const offset = (when: number) =>
    format.formatToParts(when).find(({ type }) => type === "timeZoneName")?.value;
  return offset(at - 2 * DAY_MS) === offset(at + 2 * DAY_MS);
}
