import { MINUTE_MS } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import type { AvailabilityChange, WatchSpan } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { containerId, NOW, uuid } from "../testing/facts.ts";
import { openStore } from "./store.ts";

const HOST = uuid("web-1") as HostId;

function storeOf(entries: readonly EntryOf<"availability">[]) {
  const store = openStore(":memory:");
  const facts = { labels: {}, agentVersion: "0.1.0", enrolledAt: NOW };
  store.hosts.add({ id: HOST, hostname: "web-1", publicKey: HOST, ...facts });
  for (const entry of entries) store.availability.record(HOST, entry);
  const { availability } = store;
  const stored = {
    spells: availability.spellsOf(HOST, -Infinity),
    subjects: availability.subjectsOf(HOST),
    watched: availability.watchOf(HOST, -Infinity),
  };
  store.close();
  return stored;
}

const change = (since: number, state: AvailabilityChange["state"], name = "web"): AvailabilityChange => ({
  identity: `name:${name}`,
  name,
  containerId: containerId(`${name} ${since}`),
  image: "web:1",
  state,
  since: NOW + since * MINUTE_MS,
  why: state,
});
const entry = (minute: number, changes: AvailabilityChange[], watched: WatchSpan[] = []) =>
  ({ kind: "availability", at: NOW + minute * MINUTE_MS, changes, watched }) as const;

test("a spell lasts until the next change, and a stretch of watching grows", () => {
  const span = (to: number) => ({ from: NOW, to: NOW + to * MINUTE_MS, answers: true });
  const { spells, watched, subjects } = storeOf([
    entry(1, [change(0, "up")], [span(1)]),
    entry(6, [change(5, "down"), change(6, "up")], [span(6)]),
  ]);

  expect(
    spells.map(({ since, until, state }) => [
      state,
      (since - NOW) / MINUTE_MS,
      until && (until - NOW) / MINUTE_MS,
    ]),
  ).toEqual([
    ["up", 0, 5],
    ["down", 5, 6],
    ["up", 6, undefined],
  ]);
  expect(watched).toEqual([span(6)]);
  expect(subjects).toMatchObject([{ identity: "name:web", containerId: containerId("web 6") }]);
});

test("whatever the order in which entries come, and however often, the same is stored", () => {
  const arbitraryEntry = fc
    .record({
      minute: fc.integer({ min: 0, max: 9 }),
      changes: fc.array(
        fc
          .tuple(
            fc.integer({ min: 0, max: 9 }),
            fc.constantFrom<AvailabilityChange["state"]>("up", "down", "out"),
            fc.constantFrom("web", "db"),
          )
          .map((parts) => change(...parts)),
        { maxLength: 4 },
      ),
      watched: fc.array(
        fc
          .record({ from: fc.nat(9), length: fc.nat(9), answers: fc.boolean() })
          .map(({ from, length, answers }) => ({ from: NOW + from, to: NOW + from + length, answers })),
        { maxLength: 2 },
      ),
    })
    .map(({ minute, changes, watched }) => entry(minute, changes, watched));
  const twoOrders = fc
    .array(arbitraryEntry, { maxLength: 6 })
    .chain((entries) =>
      fc.tuple(
        fc.constant(entries),
        fc.shuffledSubarray([...entries, ...entries], { minLength: 2 * entries.length }),
      ),
    );
  fc.assert(
    fc.property(twoOrders, ([entries, again]) => {
      expect(storeOf(again)).toEqual(storeOf(entries));
    }),
    { numRuns: 20 },
  );
});
