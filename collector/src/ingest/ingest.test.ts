import { DAY_MS, days } from "@shipkeeper/kit";
import type { Epoch, HostId } from "@shipkeeper/model";
import type { Receipt } from "@shipkeeper/protocol";
import { silentLog } from "@shipkeeper/runtime";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore, type Store } from "../store/store.ts";
import {
  NOW,
  container,
  eventEntry,
  image,
  inventoryEntry,
  pruneRun,
  sampleChunk,
  status,
  uuid,
} from "../testing/facts.ts";
import { aHistory, type Sending } from "../testing/history.ts";
import { createIngest } from "./ingest.ts";

const WEB = uuid("web-1") as HostId;
const DB = uuid("db-1") as HostId;
const EPOCH = uuid("epoch") as Epoch;

let store: Store;
beforeEach(() => {
  store = openStoreWithHosts();
});
afterEach(() => store.close());

function openStoreWithHosts(): Store {
  const opened = openStore(":memory:");
  for (const [id, hostname] of [
    [WEB, "web-1"],
    [DB, "db-1"],
  ] as const) {
    const facts = { labels: {}, agentVersion: "0.1.0", enrolledAt: NOW };
    opened.hosts.add({ id, hostname, publicKey: id, ...facts });
  }
  return opened;
}

const NO_NEWS = { policyNews: () => ({ policyRevision: 0 }), fleetNews: () => ({}) };

function send(into: Store, { after = 0, entries, blobs = [] }: Sending, from: HostId = WEB): Receipt {
  const bodies = entries.map(([seq, body]) => ({ seq, body }));
  const head = { protocol: 1, epoch: EPOCH, after, status: status(), entries: bodies };
  return createIngest({ store: into, ...NO_NEWS, log: silentLog })(from, { head, blobs }, NOW).receipt;
}

/** Everything that people can see, so that two histories can be compared. */
async function visible(of: Store) {
  const all = { limit: 500 } as const;
  return {
    hosts: await of.hosts.list({ ...all, sort: "hostname" }, NOW),
    containers: await of.containers.list({ ...all, sort: "name" }),
    images: await of.images.list({ ...all, sort: "name" }, NOW),
    volumes: await of.volumes.list({ ...all, sort: "name" }),
    rounds: await of.rounds.list({ ...all, sort: "at" }),
    runs: await of.runs.list({ ...all, sort: "at" }),
    restorePoints: await of.restorePoints.list({ ...all, sort: "at" }),
    incidents: await of.incidents.list({ ...all, sort: "detectedAt" }),
    events: (await of.events.list({ ...all, sort: "at" })).items.map(({ what }) => what).sort(),
    samples: await timesOf(of),
  };
}

async function timesOf(of: Store): Promise<number[]> {
  const times: number[] = [];
  for await (const group of of.samples.groups({ hostId: WEB, from: 0, to: NOW + DAY_MS }))
    times.push(...group.times);
  return times.sort((a, b) => a - b);
}

const names = async (of: Store) =>
  (await of.containers.list({ limit: 500, sort: "name" })).items.map(({ name, stale }) =>
    stale ? `${name} (stale)` : name,
  );

test("a batch that arrives again, however often, changes nothing and gets the same receipt (S4)", async () => {
  const batch = { entries: [[1, eventEntry("died")] as const, [2, { kind: "event", at: "never" }] as const] };

  const first = send(store, batch);
  const before = await visible(store);
  const again = Array.from({ length: 100 }, () => send(store, batch)).at(-1);

  expect(again).toEqual(first);
  expect(first.rejected).toMatchObject([{ seq: 2, code: "undecodable" }]);
  expect(await visible(store)).toEqual(before);
});

test(
  "batches may arrive in any order and any number of times: the result is the same (S4)",
  { timeout: 60_000 },
  async () => {
    const history = aHistory();
    for (const batch of history) send(store, batch);
    const inOrder = await visible(store);

    // Every batch at least once, at any place, and again at any place. fast-check prints the seed of a failure.
    const shuffles = fc
      .array(fc.nat(history.length - 1), { maxLength: 8 })
      .chain((again) =>
        fc.shuffledSubarray([...history.keys(), ...again], { minLength: history.length + again.length }),
      );
    await fc.assert(
      fc.asyncProperty(shuffles, async (order) => {
        const other = openStoreWithHosts();
        for (const place of order) send(other, history[place] ?? { entries: [] });
        const outcome = await visible(other);
        other.close();
        expect(outcome).toEqual(inOrder);
      }),
      { numRuns: 30 },
    );
    expect(await names(store)).toEqual(["new", "shop (stale)"]);
  },
);

test("numbers that a batch leaves out were dropped on the host, and count as dealt with", () => {
  const receipt = send(store, {
    after: 0,
    entries: [
      [3, eventEntry("c")],
      [7, eventEntry("g")],
    ],
  });

  expect(receipt.ackedThrough).toBe(7);
  expect(store.epochs.isSettled(EPOCH, 5)).toBe(true);
});

test("entries that the collector lost are counted as missing, until they come after all", async () => {
  const missing = async () => (await store.hosts.find(WEB, NOW))?.missingEntries;

  const receipt = send(store, { after: 4, entries: [[5, eventEntry("e")]] });
  expect([receipt.ackedThrough, await missing()]).toEqual([5, 4]);

  send(store, {
    after: 0,
    entries: [
      [1, eventEntry("a")],
      [2, eventEntry("b")],
      [4, eventEntry("d")],
    ],
  });
  expect(await missing()).toBe(0);
});

test("an epoch belongs to the host that used it first: another's batch stores nothing (S5)", async () => {
  send(store, { entries: [[1, eventEntry("mine")]] });

  expect(() => send(store, { entries: [[2, eventEntry("forged")]] }, DB)).toThrow("belongs to another host");
  expect((await visible(store)).events).toEqual(["mine"]);
  expect((await store.hosts.find(DB, NOW))?.status).toBeUndefined();
});

test("a host that names another's run, container or round only ever writes its own rows (S5)", async () => {
  const runs = pruneRun("a");
  send(store, {
    entries: [
      [1, runs[0]],
      [2, runs[1]],
      [3, inventoryEntry({ containers: [container("shop")] })],
    ],
  });
  const before = await store.runs.list({ limit: 10, sort: "at", host: "web-1" });

  const other = uuid("another epoch") as Epoch;
  const bodies = [pruneRun("a", { freedBytes: 1 })[1], inventoryEntry({ takenAt: NOW + 9, containers: [] })];
  const entries = bodies.map((body, index) => ({ seq: index + 1, body }));
  const head = { protocol: 1, epoch: other, after: 0, status: status(), entries };
  createIngest({ store, ...NO_NEWS, log: silentLog })(DB, { head, blobs: [] }, NOW);

  expect(await store.runs.list({ limit: 10, sort: "at", host: "web-1" })).toEqual(before);
  expect(await names(store)).toEqual(["shop"]);
});

test("one entry that is no good does not hold up its neighbours", async () => {
  let deep: unknown = "end";
  for (let level = 0; level < 50; level += 1) deep = [deep];
  const entries = [
    [1, eventEntry("before")],
    [2, { kind: "round", round: {} }],
    [3, { kind: "samples", head: sampleChunk("shop").head, blob: 7 }],
    [4, { kind: "samples", head: sampleChunk("shop").head, blob: 0 }],
    [5, { kind: "from-the-future", deep }],
    [6, "nonsense"],
    [7, eventEntry("after")],
  ] as const;

  const receipt = send(store, { entries, blobs: [Buffer.from("no columns")] });

  expect(receipt.ackedThrough).toBe(7);
  expect(receipt.rejected.map(({ seq, code }) => `${seq} ${code}`)).toEqual([
    "2 undecodable",
    "3 invalid",
    "4 invalid",
    "5 invalid",
    "6 undecodable",
  ]);
  expect((await visible(store)).events).toEqual(["after", "before"]);
});

test("a receipt names all that was refused since the last one that arrived, also of earlier batches", () => {
  const bad = { kind: "event", at: "never" };
  send(store, { entries: [1, 2, 3].map((seq) => [seq, bad] as const) }); // its reply is lost

  const { ackedThrough, rejected } = send(store, { entries: [[1, bad]] });

  expect([ackedThrough, rejected.map(({ seq }) => seq)]).toEqual([3, [1, 2, 3]]);
});

test("a receipt acknowledges no further than it can name what was refused", () => {
  const bad = (first: number): Sending => ({
    entries: Array.from(
      { length: 500 },
      (_, place) => [first + place, { kind: "event", at: "never" }] as const,
    ),
  });
  for (const first of [1, 501, 1_001]) send(store, { ...bad(first), after: first - 1 });

  const { ackedThrough, rejected } = send(store, bad(1));

  expect([ackedThrough, rejected.length]).toEqual([1_000, 1_000]);
});

test("what a newer agent says is kept as it came", () => {
  const receipt = send(store, { entries: [[1, { kind: "from-the-future", colour: "blue" }]] });

  expect(receipt.rejected).toEqual([]);
});

test("a list with a hole in it takes nothing away: what it lacks is stale, not gone (A2)", async () => {
  const gaps = [{ section: "containers" as const, error: "the engine did not answer" }];
  send(store, { entries: [[1, inventoryEntry({ containers: [container("shop"), container("db")] })]] });
  send(store, {
    after: 1,
    entries: [[2, inventoryEntry({ takenAt: NOW + 1, containers: [container("db")], gaps })]],
  });
  expect(await names(store)).toEqual(["db", "shop (stale)"]);

  send(store, {
    after: 2,
    entries: [[3, inventoryEntry({ takenAt: NOW + 2, containers: [container("db")] })]],
  });
  expect(await names(store)).toEqual(["db"]);
});

test("names with NUL, half characters and __proto__ are stored as text that every reader can take", async () => {
  const body = JSON.parse(
    '{"kind":"event","at":1,"what":"a\\u0000b\\ud800","facts":{"__proto__":{"admin":true},"constructor":"x"}}',
  ) as unknown;

  send(store, { entries: [[1, body]] });
  const [event] = (await store.events.list({ limit: 1, sort: "at" })).items;

  expect(event?.what).toBe("a\uFFFDb\uFFFD");
  expect(event?.facts).toEqual({ constructor: "x" });
});

test("a host that opens epoch after epoch is told to stop", () => {
  const open = (name: string) => {
    const head = { protocol: 1, epoch: uuid(name), after: 0, status: status(), entries: [] };
    createIngest({ store, ...NO_NEWS, log: silentLog })(WEB, { head, blobs: [] }, NOW);
  };
  for (let count = 0; count < 24; count += 1) open(`epoch ${count}`);

  expect(() => open("one more")).toThrow("24 epochs within a day");
});

test("a disk that is full refuses the whole batch, and no receipt claims otherwise", () => {
  const full = Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  const failing: Store = {
    ...store,
    events: {
      ...store.events,
      record() {
        throw full;
      },
    },
  };

  expect(() => send(failing, { entries: [[1, eventEntry("a")]] })).toThrow(full);
  expect(store.epochs.isSettled(EPOCH, 1)).toBe(false);
});

test("an image is built on the known image with the longest list of layers that opens its own", async () => {
  const images = [
    image("debian:12", { layers: ["d"] }),
    image("node:24", { layers: ["d", "n"] }),
    image("web:1", { layers: ["d", "n", "w"] }),
    image("other:1", { layers: ["x", "n", "w"], baseName: "scratch-linux:1" }),
    image("twin:1", { layers: ["d", "n"], id: image("node:24").id.replace(/.$/, "0") as never }),
  ];
  send(store, { entries: [[1, inventoryEntry({ images })]] });

  const { items } = await store.images.list({ limit: 10, sort: "name" }, NOW);

  expect(
    Object.fromEntries(items.map(({ name, base }) => [name, base && `${base.name} by ${base.by}`])),
  ).toEqual({
    "debian:12": undefined,
    "node:24": "debian:12 by layers",
    "twin:1": "debian:12 by layers",
    "web:1": "node:24 by layers",
    "other:1": "scratch-linux:1 by label",
  });
});

test("samples are kept for two weeks, events for ninety days, and no longer", async () => {
  const { maintain } = await import("../maintenance.ts");
  const old = sampleChunk("shop", { from: NOW - days(15) });
  const young = sampleChunk("shop", { from: NOW - days(1) });
  send(store, {
    entries: [
      [1, { kind: "samples", head: old.head, blob: 0 }],
      [2, { kind: "samples", head: young.head, blob: 1 }],
      [3, eventEntry("died")],
    ],
    blobs: [old.body, young.body],
  });

  await maintain(store, NOW, new AbortController().signal);
  expect((await timesOf(store)).length).toBe(6);
  expect((await visible(store)).events).toEqual(["died"]);

  await maintain(store, NOW + days(91), new AbortController().signal);
  expect((await visible(store)).events).toEqual([]);
});
