import { DAY_MS } from "@shipkeeper/kit";
import type { Inventory } from "@shipkeeper/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { maintain } from "../maintenance.ts";
import { NOW, container, image, imageId, inventoryEntry } from "../testing/facts.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
let web: TestAgent;
let db: TestAgent;
beforeEach(async () => {
  collector = await startTestCollector();
  web = await collector.enrolHost("web-1");
  db = await collector.enrolHost("db-1");
});
afterEach(() => collector.close());

const holding = (tags: readonly string[], facts: Partial<Inventory> = {}) =>
  inventoryEntry({
    takenAt: collector.clock.now,
    images: tags.map((tag) => image(tag)),
    ...facts,
  });

/** Tags of images of the test, and how the list has them. */
function inUse(...tags: string[]): Record<string, string> {
  const { held, left } = collector.store.heldDigests.inUse();
  const lastAt = new Map(left);
  return Object.fromEntries(
    tags.map((tag) => {
      const at = lastAt.get(imageId(tag));
      if (held.includes(imageId(tag))) return [tag, "held"];
      return [tag, at === undefined ? "unknown" : `left after ${(at - NOW) / DAY_MS} days`];
    }),
  );
}

test("what any host holds is held; what the last one lost is remembered with the last time it had it", async () => {
  await web.tell(holding(["web:1", "both:1"]));
  await db.tell(holding(["both:1"]));
  collector.clock.now += 3 * DAY_MS;
  await web.tell(holding(["web:2"]));

  expect(inUse("web:1", "web:2", "both:1")).toEqual({
    "web:1": "left after 0 days",
    "web:2": "held",
    "both:1": "held",
  });
});

test("a container holds its image even where the image is in no list", async () => {
  await web.tell(holding([], { containers: [container("shop")] }));

  expect(inUse("of-shop:1")).toEqual({ "of-shop:1": "held" });
});

test("a list with a hole in it takes nothing away (A2)", async () => {
  await web.tell(holding(["web:1"]));
  collector.clock.now += DAY_MS;
  await web.tell(holding([], { gaps: [{ section: "images", error: "timeout" }] }));

  expect(inUse("web:1")).toEqual({ "web:1": "held" });
});

test("a host whose clock is years behind is believed by the collector's clock", async () => {
  await web.tell(holding(["web:1"], { takenAt: NOW - 900 * DAY_MS }));
  collector.clock.now += DAY_MS;
  await web.tell(holding([], { takenAt: NOW - 899 * DAY_MS }));

  expect(inUse("web:1")).toEqual({ "web:1": "left after 0 days" });
});

test("a silent host holds what it last had for ever; a revoked one, and what was lost, is forgotten in time", async () => {
  await web.tell(holding(["silent:1"]));
  await db.tell(holding(["revoked:1"]));
  collector.store.hosts.revoke(db.hostId, NOW);
  await maintain(collector.store, NOW + 99 * DAY_MS, new AbortController().signal);
  const before = inUse("silent:1", "revoked:1");
  await maintain(collector.store, NOW + 500 * DAY_MS, new AbortController().signal);

  expect(before).toEqual({ "silent:1": "held", "revoked:1": "left after 0 days" });
  expect(inUse("silent:1", "revoked:1")).toEqual({ "silent:1": "held", "revoked:1": "unknown" });
});

test("an agent gets the list, and nothing while it holds the same; others get none", async () => {
  await web.tell(holding(["web:1"]));
  const url = "/agent/v1/digests-in-use";
  const ask = (headers = {}) => collector.app.inject(web.signed("GET", url, undefined, headers));

  const first = await ask();
  const etag = String(first.headers.etag);
  const again = await ask({ "if-none-match": etag });
  await web.tell(holding(["web:1", "web:2"]));
  const changed = await ask({ "if-none-match": etag });

  expect([first.statusCode, first.json()]).toEqual([200, { held: [imageId("web:1")], left: [] }]);
  expect([again.statusCode, again.body]).toEqual([304, ""]);
  expect(changed.json<{ held: string[] }>().held).toHaveLength(2);
  expect((await collector.app.inject({ method: "GET", url })).statusCode).toBe(401);
  expect((await collector.ask("GET", url)).statusCode).toBe(401);
});
