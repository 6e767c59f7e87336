import { DAY_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import { chooseRestorePoint } from "./choose-restore-point.ts";

/** Made so many days ago. */
const point = (days: number, hosts?: number) => ({
  id: `${days}`.padEnd(64, "f"),
  at: NOW - days * DAY_MS,
  hosts,
});

test("without an id the newest is meant, also where hosts came to it", () => {
  expect(chooseRestorePoint([])).toBeUndefined();
  expect(chooseRestorePoint([point(1, 3), point(2, 3), point(3, 2)])).toEqual(point(1, 3));
  expect(chooseRestorePoint([point(1), point(2, 3)])).toEqual(point(1));
});

test.for([0, 1])(
  "one of a collector that was installed anew and has %i hosts is not taken for the lost one's",
  (hosts) => {
    const points = [point(1, hosts), point(2, hosts), point(3, 40), point(4, 39)];

    expect(() => chooseRestorePoint(points)).toThrow(
      `fewer hosts than an older one: 1fffffffffff  2030-01-30 02:00Z  ${hosts} host${hosts === 1 ? "" : "s"}; 3fffffffffff  2030-01-28 02:00Z  40 hosts. `,
    );
  },
);
