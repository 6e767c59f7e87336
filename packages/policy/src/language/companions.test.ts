import { expect, test } from "vitest";
import * as z from "zod";
import type { ActionKind } from "../actions/action.ts";
import { durationSchema } from "./values.ts";
import { companionsOf } from "./companions.ts";

const lookAfter: ActionKind<"look-after", { of: string; every: number }> = {
  kind: "look-after",
  spec: z.strictObject({ of: z.string(), every: durationSchema }),
  trigger: "scheduled",
  companionOnly: true,
  destructive: false,
  schedule: ({ every }) => ({ everyMs: every }),
  plan: () => ({ kind: "look-after", verdicts: [] }),
  explain: () => "",
  summarize: () => "",
  measure: () => ({}),
};
const keep: ActionKind<"keep", { every: number }> = {
  ...lookAfter,
  kind: "keep",
  spec: z.strictObject({ every: durationSchema }),
  companions: ({ every }, name) => [{ kind: "look-after", spec: { of: name, every } }],
};
const kinds: Readonly<Record<string, ActionKind>> = {
  keep,
  "look-after": lookAfter,
};

test("a companion has the mode and the windows of its rule, a schedule of its own, and its spec written out", () => {
  const windows = [{ days: "Mon-Sun", from: "01:00", to: "05:00", timezone: "UTC" }];
  const rule = { kind: "keep", name: "databases", mode: "enforce", windows, spec: { every: "30m" } } as const;
  expect(companionsOf(rule, (kind) => kinds[kind])).toEqual([
    {
      kind: "look-after",
      name: "databases/look-after",
      mode: "enforce",
      schedule: { everyMs: 1_800_000 },
      windows,
      spec: { of: "databases", every: "30m" },
    },
  ]);
});
