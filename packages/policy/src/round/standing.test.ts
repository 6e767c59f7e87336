import { days } from "@shipkeeper/kit";
import { roundIdSchema } from "@shipkeeper/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { arbitraryBundle } from "../testing/arbitrary-bundle.ts";
import { arbitraryWorld } from "../testing/arbitrary-world.ts";
import { planRound } from "./plan-round.ts";
import { roundQuestion, standingSchema, type Standing } from "./standing.ts";

const ROUND_ID = roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa");

test("what a host goes by survives the wire: the round planned from it is the same", () => {
  fc.assert(
    fc.property(arbitraryWorld, arbitraryBundle, (world, bundle) => {
      const { now, hostId, inventory, outside, ...known } = world;
      const lastRuns = new Map([["a/one", now - days(1)]]);
      const standing: Standing = { ...known, stopFilePresent: false, lastRuns };
      const asked = {
        now,
        hostId,
        inventory,
        outside,
        bundle,
        roundId: ROUND_ID,
        trigger: "scheduled",
      } as const;

      const travelled = standingSchema.parse(JSON.parse(JSON.stringify(z.encode(standingSchema, standing))));

      expect(travelled).toEqual(standing);
      expect(planRound(roundQuestion(travelled, asked))).toEqual(planRound(roundQuestion(standing, asked)));
    }),
    { numRuns: 100 },
  );
});
