import { DAY_MS, MINUTE_MS } from "@shipkeeper/kit";
import { fakeContainerId, fakeImageId } from "@shipkeeper/docker";
import { plainContainer } from "@shipkeeper/model/testing";
import type { Container, Gap, Inventory } from "@shipkeeper/model";
import { NO_SIGNALS } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLedger, type AgentLedger } from "../ledger/ledger.ts";
import { emptyInventory } from "../outbox/testing/entries.ts";
import { trackAvailability } from "./track-availability.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");
const at = (minutes: number) => NOW + minutes * MINUTE_MS;

let ledger: AgentLedger;
let now = NOW;
beforeEach(() => {
  ledger = openLedger(":memory:", () => NOW);
});
afterEach(() => ledger.close());

function start({ broken = () => false }: { broken?: () => boolean } = {}) {
  const told: EntryOf<"availability">[] = [];
  const errors: unknown[] = [];
  const tracker = trackAvailability({
    ledger,
    signals: () => NO_SIGNALS,
    clock: () => now,
    resyncIntervalMs: 5 * MINUTE_MS,
    record(entry) {
      if (broken()) throw new Error("disk full");
      told.push(entry);
    },
    failed: (error) => errors.push(error),
  });
  const look = (minute: number, containers: Container[], gaps: Gap[] = []) => {
    now = at(minute);
    tracker.look({ ...emptyInventory("h"), takenAt: at(minute), containers, gaps } satisfies Inventory);
  };
  return { told, errors, look, tracker };
}

const web = (facts: Partial<Container> = {}) =>
  plainContainer({
    id: fakeContainerId("web"),
    name: "web",
    imageId: fakeImageId("web"),
    startedAt: at(-10),
    ...facts,
  });
const NO_LIST: Gap = { section: "containers", error: "no answer" };

const states = (told: readonly EntryOf<"availability">[]) =>
  told.flatMap(({ changes }) =>
    changes.map(({ name, state, since }) => `${name} ${state} ${(since - NOW) / MINUTE_MS}`),
  );
const spans = (told: readonly EntryOf<"availability">[]) =>
  told.flatMap(({ watched }) =>
    watched.map(
      ({ from, to, answers }) => `${(from - NOW) / MINUTE_MS}-${(to - NOW) / MINUTE_MS}${answers ? "" : "!"}`,
    ),
  );

test("changes are told once, and the watch every quarter of an hour", () => {
  const { told, look } = start();

  for (const minute of [0, 5, 10, 15, 20]) look(minute, [web()]);
  look(21, [web({ state: "dead", finishedAt: at(20.5) })]);

  expect(states(told)).toEqual(["web up -10", "web down 20.5"]);
  expect(spans(told)).toEqual(["0-0", "0-15", "0-21"]);
});

test("a restart of the agent tells nothing twice, and what changed meanwhile with what is known of it", async () => {
  const first = start();
  first.look(0, [web()]);
  first.look(5, [web()]);
  await first.tracker.stop();
  const second = start();

  second.look(8, [web()]);
  second.look(9, [web({ state: "dead", finishedAt: at(7) })]);

  expect(states(second.told)).toEqual(["web down 7"]);
  expect(spans([...first.told, ...second.told])).toEqual(["0-0", "0-5", "0-5", "8-8", "8-9"]);
});

test("a silent engine changes nothing, and is told as silence from the first look that it did not answer", () => {
  const { told, look } = start();
  look(0, [web()]);
  for (const minute of [5, 10]) look(minute, [], [{ ...NO_LIST }]);
  look(15, [web()]);

  expect(states(told)).toEqual(["web up -10"]);
  expect(spans(told)).toEqual(["0-0", "0-5", "5-10!", "5-15!", "15-15"]);
});

test("partial looks after one failed list are no further silence", () => {
  const { told, look } = start();
  look(0, [web()]);
  for (const minute of [5, 6, 7]) look(minute, [], [NO_LIST]);
  look(10, [web()]);
  look(15, [web()]);

  expect(spans(told)).toEqual(["0-0", "0-15"]);
});

test("what could not be queued is told with the next look", () => {
  let isBroken = true;
  const { told, errors, look } = start({ broken: () => isBroken });
  look(0, [web()]);
  isBroken = false;
  look(1, [web()]);

  expect(errors).toHaveLength(1);
  expect(states(told)).toEqual(["web up -10"]);
});

test("once a day all is told again, word for word", () => {
  const { told, look } = start();
  look(0, [web()]);
  look(DAY_MS / MINUTE_MS - 1, [web()]);
  look(DAY_MS / MINUTE_MS, [web()]);

  expect(states(told)).toEqual(["web up -10", "web up -10"]);
});

test("more changes than an entry may have go into several", () => {
  const { told, look } = start();
  const many = Array.from({ length: 1_001 }, (_, place) =>
    web({ id: fakeContainerId(`web-${place}`), name: `web-${place}` }),
  );
  look(0, many);

  expect(told.map(({ changes }) => changes.length)).toEqual([1_000, 1]);
});
