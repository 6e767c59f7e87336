import { handClock } from "@shipkeeper/lab";
import type { Need } from "@shipkeeper/policy";
import { silentLog, type HttpAnswer, type SignedCall } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { NOW, tempLedger } from "../act/testing/act-world.ts";
import { fakeRegistry } from "../registry/testing/fake-registry.ts";
import { outsideLook } from "./look-outside.ts";

const restic = {
  snapshots: async () => [
    {
      id: "ab".repeat(32),
      at: NOW,
      hostname: "host",
      paths: ["/data"],
      tags: ["shipkeeper", "dataset=volume:data", "policy=p", "rule=r"],
    },
  ],
};

const FLEET: Need = { what: "fleet-digests" };
const MAIN: Need = { what: "registry", name: "main" };
const DIGEST = `sha256:${"1".repeat(64)}`;

/** An agent's outside, with a collector that answers so and notes what it was asked with. */
async function outside(answer: (call: SignedCall) => Partial<HttpAnswer>) {
  const clock = handClock(NOW);
  const registry = await fakeRegistry();
  const asked: SignedCall[] = [];
  const look = outsideLook({
    registries: new Map([["main", registry.client]]),
    repositories: { offsite: { url: "rest:http://backup/", appendOnly: true }, local: { url: "/r" } },
    restic,
    ledger: tempLedger(clock.now),
    client: () => ({
      async call(call) {
        asked.push(call);
        return { status: 200, headers: {}, body: Buffer.from(""), ...answer(call) };
      },
    }),
    clock: clock.now,
    log: silentLog,
  });
  return { clock, registry, asked, look: (...needs: Need[]) => look(needs, new AbortController().signal) };
}

const list = (held: string[]) => ({
  headers: { etag: '"one"' },
  body: Buffer.from(JSON.stringify({ held, left: [] })),
});

test("only what is needed is looked at, and a registry that nobody configured is missing, not empty", async () => {
  const { look, asked, registry } = await outside(() => list([DIGEST]));
  registry.image("web", ["1"]);

  const none = await look();
  const found = await look(MAIN, { what: "registry", name: "moon" });

  expect(none).toEqual({ registries: new Map(), restorePoints: new Map() });
  expect([...found.registries.keys()]).toEqual(["main"]);
  expect(found.registries.get("main")?.repositories).toHaveLength(1);
  expect(asked).toEqual([]);
});

test("the fleet's list is asked for by its mark, and an unchanged one counts as told again", async () => {
  const { look, asked, clock } = await outside(({ headers }) =>
    headers?.["if-none-match"] === '"one"' ? { status: 304 } : list([DIGEST]),
  );

  const first = await look(FLEET);
  await clock.advance(5_000);
  const again = await look(FLEET);

  expect(asked.map(({ target, headers }) => [target, headers])).toEqual([
    ["/agent/v1/digests-in-use", {}],
    ["/agent/v1/digests-in-use", { "if-none-match": '"one"' }],
  ]);
  expect([first.fleetDigests?.at, again.fleetDigests?.at]).toEqual([NOW, NOW + 5_000]);
  expect(again.fleetDigests?.usedAt.get(DIGEST)).toBe(NOW + 5_000);
});

test.each([
  ["refuses", { status: 404 }],
  ["tells nonsense", { body: Buffer.from("<html>") }],
  ["tells of no digests", { body: Buffer.from(JSON.stringify({ held: ["latest"], left: [] })) }],
])("where the collector %s, what was told before stays with its age", async (_, answer) => {
  let told: Partial<HttpAnswer> = list([DIGEST]);
  const { look, clock } = await outside(() => told);
  await look(FLEET);
  told = answer;
  await clock.advance(5_000);

  expect((await look(FLEET)).fleetDigests).toMatchObject({ at: NOW, count: 1 });
});

test("an agent that stops does not wait for what it looks at", async () => {
  const { registry } = await outside(() => ({}));
  registry.intercept(() => true); // never answers
  const stopping = new AbortController();
  const ledger = tempLedger(() => NOW);
  const options = {
    registries: new Map([["main", registry.client]]),
    repositories: { offsite: { url: "rest:http://backup/", appendOnly: true }, local: { url: "/r" } },
    restic,
    ledger,
    client: () => undefined,
    clock: () => NOW,
  };
  const looking = outsideLook({ ...options, log: silentLog })([MAIN], stopping.signal);
  stopping.abort();

  await expect(looking).rejects.toThrow("aborted");
});

test("a backup repository is listed with what is known of it, one that only grows is not", async () => {
  const { look } = await outside(() => ({}));

  const { restorePoints } = await look(
    { what: "restore-points", repository: "local" },
    { what: "restore-points", repository: "offsite" },
  );

  const listed = { id: "ab".repeat(32), at: NOW, hostId: "host", dataset: "volume:data", rule: "p/r" };
  expect(restorePoints?.get("local")).toMatchObject({ appendOnly: false, points: [listed] });
  expect(restorePoints?.get("offsite")).toEqual({ appendOnly: true, points: [] });
});
