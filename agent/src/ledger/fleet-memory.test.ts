import { DAY_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { NOW, tempLedger } from "../act/testing/act-world.ts";

const digest = (index: number) => `sha256:${String(index).padStart(64, "0")}`;
const digests = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => digest(from + index));
const at = (day: number, etag = "x") => ({ at: NOW + day * DAY_MS, etag });

const memory = () => tempLedger(() => NOW).fleet;

test("nothing is known before the collector told", () => {
  expect(memory().digests()).toBeUndefined();
  expect(memory().etag()).toBeUndefined();
});

test("what is held is used now; what was left, when it was; and nothing that was told once is used earlier", () => {
  const fleet = memory();
  fleet.take({ held: [digest(1)], left: [[digest(2), NOW - DAY_MS]] }, at(0));
  fleet.take({ held: [], left: [[digest(1), NOW - 50 * DAY_MS]] }, at(3));

  const known = fleet.digests();
  expect(known).toMatchObject({ at: NOW + 3 * DAY_MS, count: 1, mostCount: 2 });
  expect(known?.usedAt).toEqual(
    new Map([
      [digest(1), NOW],
      [digest(2), NOW - DAY_MS],
    ]),
  );
});

test("a collector that says that nothing changed says that all of it is still held", () => {
  const fleet = memory();
  fleet.take({ held: [digest(1)], left: [[digest(2), NOW - DAY_MS]] }, at(0, "first"));
  fleet.confirm(NOW + 2 * DAY_MS);

  expect(fleet.etag()).toBe("first");
  expect(fleet.digests()?.at).toBe(NOW + 2 * DAY_MS);
  expect(fleet.digests()?.usedAt).toEqual(
    new Map([
      [digest(1), NOW + 2 * DAY_MS],
      [digest(2), NOW - DAY_MS],
    ]),
  );
});

test("a list cannot be made shorter little by little: the longest of thirty days is what counts", () => {
  const fleet = memory();
  const mostCounts = [100, 90, 80, 70, 60].map((count, day) => {
    fleet.take({ held: digests(count), left: [] }, at(day));
    return fleet.digests()?.mostCount;
  });
  fleet.take({ held: digests(60), left: [] }, at(30));
  const lastDay = fleet.digests()?.mostCount;
  fleet.take({ held: digests(60), left: [] }, at(31));

  expect(mostCounts).toEqual([100, 100, 100, 100, 100]);
  expect([lastDay, fleet.digests()?.mostCount]).toEqual([100, 90]);
});

test("what another list puts into the place of the old digests does not take their protection away", () => {
  const fleet = memory();
  fleet.take({ held: digests(10), left: [] }, at(0));
  fleet.take({ held: digests(10, 500), left: [] }, at(1));

  expect(fleet.digests()?.usedAt.get(digest(3))).toBe(NOW);
});

test("a time of use that lies ahead is cut to now, and what is long unused is forgotten", () => {
  const fleet = memory();
  fleet.take({ held: [], left: [[digest(1), NOW + 900 * DAY_MS]] }, at(0));
  const first = fleet.digests()?.usedAt.get(digest(1));
  fleet.take({ held: [digest(2)], left: [] }, at(101));

  expect(first).toBe(NOW);
  expect([...(fleet.digests()?.usedAt.keys() ?? [])]).toEqual([digest(2)]);
});
