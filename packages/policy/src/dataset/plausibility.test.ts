import { expect, test } from "vitest";
import { plausibility } from "./plausibility.ts";

const sizes = (...bytes: number[]) => bytes.map((size) => ({ bytes: size, files: 10 }));

test("the first restore point has nothing to be measured by", () => {
  expect(plausibility({ bytes: 5, files: 1 }, [])).toMatchObject({ plausible: true });
  expect(plausibility({ bytes: 0, files: 0 }, [])).toMatchObject({ plausible: true });
});

test("less than half of the usual bytes or files is not plausible, half is", () => {
  const earlier = sizes(100, 100, 100);

  expect(plausibility({ bytes: 50, files: 5 }, earlier)).toMatchObject({ plausible: true });
  expect(plausibility({ bytes: 49, files: 10 }, earlier)).toEqual({
    plausible: false,
    message: "holds 49 bytes, less than half of the usual 100",
    facts: { bytes: 49, files: 10, usualBytes: 100, usualFiles: 10, comparedWith: 3 },
  });
  expect(plausibility({ bytes: 100, files: 4 }, earlier).message).toBe(
    "holds 4 files, less than half of the usual 10",
  );
  expect(plausibility({ bytes: 0, files: 0 }, earlier).message).toBe("holds no file; usual are 10");
});

test("one outlier does not move what is usual, and what was long ago does not count", () => {
  expect(plausibility({ bytes: 100, files: 10 }, sizes(100, 90, 9_000, 110)).plausible).toBe(true);
  const shrunkForAWeek = [...sizes(9_000, 9_000, 9_000), ...sizes(...Array.from({ length: 7 }, () => 100))];
  expect(plausibility({ bytes: 100, files: 10 }, shrunkForAWeek).plausible).toBe(true);
});

test("restore points without sizes say nothing about what is usual", () => {
  const earlier = [...sizes(100), { bytes: 0, files: 0 }, { bytes: 0, files: 0 }];

  expect(plausibility({ bytes: 10, files: 10 }, earlier)).toMatchObject({
    plausible: false,
    facts: { usualBytes: 100, comparedWith: 1 },
  });
});
