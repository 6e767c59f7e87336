import { MINUTE_MS } from "@shipkeeper/kit";
import { handClock } from "@shipkeeper/lab";
import { imageIdSchema } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { fleetWord } from "./fleet-word.ts";

const IMAGE = imageIdSchema.parse(`sha256:${"a".repeat(64)}`);

test("an image is sick in the fleet until a receipt no longer says so, or none came for ten minutes", async () => {
  const clock = handClock(0);
  const fleet = fleetWord(clock.now);
  expect(fleet.sickImages()).toEqual(new Map());

  fleet.noteSick([[IMAGE, 5]]);
  await clock.advance(10 * MINUTE_MS - 1);
  expect(fleet.sickImages()).toEqual(new Map([[IMAGE, 5]]));
  await clock.advance(1);
  expect(fleet.sickImages()).toEqual(new Map());

  fleet.noteSick([[IMAGE, 5]]);
  fleet.noteSick([]);
  expect(fleet.sickImages()).toEqual(new Map());
});
