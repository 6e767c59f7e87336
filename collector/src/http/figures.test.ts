import { DAY_MS, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import type { AvailabilityChange, Incident, WatchSpan } from "@shipkeeper/policy";
import type { ApiAvailability, ApiHealing, FleetReport } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { container, containerId, inventoryEntry, NOW } from "../testing/facts.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
let web: TestAgent;
let db: TestAgent;
beforeEach(async () => {
  collector = await startTestCollector();
  web = await collector.enrolHost("web-1");
  db = await collector.enrolHost("web-2");
});
afterEach(() => collector.close());

const ago = (ms: number) => NOW - ms;
const WATCHED: WatchSpan = { from: ago(20 * DAY_MS), to: NOW, answers: true };

function change(
  name: string,
  state: AvailabilityChange["state"],
  since: number,
  facts: Partial<AvailabilityChange> = {},
): AvailabilityChange {
  const identity = `compose:shop/${name}/1`;
  return {
    identity,
    name,
    containerId: containerId(name),
    image: "web:1",
    state,
    since,
    why: state,
    ...facts,
  };
}
const entry = (changes: AvailabilityChange[], watched = [WATCHED]) => ({
  kind: "availability",
  at: NOW,
  changes,
  watched,
});
const SHOP = { service: { project: "shop", service: "front" }, owner: "payments" };

async function list(query: string): Promise<ApiAvailability[]> {
  const reply = await collector.ask("GET", `/api/v1/availability?${query}`);
  expect(reply.statusCode).toBe(200);
  return reply.json<{ items: ApiAvailability[] }>().items;
}

test("a container's outage counts against its target, in the window that was asked for", async () => {
  await web.tell(
    entry([
      change("web", "up", ago(40 * DAY_MS)),
      change("web", "down", ago(10 * DAY_MS)),
      change("web", "up", ago(10 * DAY_MS) + 30 * MINUTE_MS),
    ]),
  );

  expect(await list("window=30d")).toMatchObject([
    {
      name: "web",
      host: "web-1",
      state: "up",
      upMs: 20 * DAY_MS - 30 * MINUTE_MS,
      downMs: 30 * MINUTE_MS,
      uncountedMs: 10 * DAY_MS,
      outages: 1,
      longestOutageMs: 30 * MINUTE_MS,
      met: false,
      budgetLeftMs: 0.001 * 20 * DAY_MS - 30 * MINUTE_MS,
    },
  ]);
  expect(await list("window=7d")).toMatchObject([{ share: 1, downMs: 0, met: true }]);
  expect(await list("window=30d&target=99")).toMatchObject([{ met: true }]);
});

test("a service is up while one of its containers is, on whichever host", async () => {
  await web.tell(
    entry([change("a", "up", ago(5 * DAY_MS), SHOP), change("a", "down", ago(2 * HOUR_MS), SHOP)]),
  );
  await db.tell(
    entry([
      change("b", "up", ago(5 * DAY_MS), SHOP),
      change("b", "down", ago(HOUR_MS), SHOP),
      change("b", "up", ago(30 * MINUTE_MS), SHOP),
    ]),
  );

  expect(await list("of=services&window=7d")).toMatchObject([
    { name: "shop/front", owner: "payments", containers: 2, state: "up", downMs: 30 * MINUTE_MS, outages: 1 },
  ]);
  expect(await list("of=services&host=web-2")).toHaveLength(1);
});

test("a host is up while its engine answers, and what nobody watched is neither", async () => {
  const spans = [
    { from: ago(4 * HOUR_MS), to: ago(3 * HOUR_MS), answers: true },
    { from: ago(3 * HOUR_MS), to: ago(2 * HOUR_MS), answers: false },
    { from: ago(HOUR_MS), to: NOW, answers: true },
  ];
  await web.tell(
    entry([change("web", "up", ago(DAY_MS)), change("web", "down", ago(30 * MINUTE_MS))], spans),
  );

  const hosts = await list("of=hosts&window=24h&sort=name");
  expect(hosts).toMatchObject([
    { name: "web-1", upMs: 2 * HOUR_MS, downMs: HOUR_MS, uncountedMs: 21 * HOUR_MS, containersShare: 0.75 },
    { name: "web-2", upMs: 0, downMs: 0 },
  ]);
  expect(hosts[1]).not.toHaveProperty("share");
});

test("pages of one list are of one instant, and filters and orders narrow it", async () => {
  const names = ["a", "b", "c"];
  await web.tell(entry(names.map((name, place) => change(name, "down", ago((place + 1) * HOUR_MS)))));
  await db.tell(entry([change("d", "up", ago(DAY_MS), SHOP)]));
  const first = (await collector.ask("GET", "/api/v1/availability?limit=2&sort=-downMs")).json<{
    items: ApiAvailability[];
    nextCursor: string;
  }>();
  collector.clock.now += HOUR_MS;
  const second = await list(`limit=2&sort=-downMs&cursor=${first.nextCursor}`);

  expect([...first.items, ...second].map(({ name }) => name)).toEqual(["c", "b", "a", "d"]);
  expect((await list("owner=payments")).map(({ name }) => name)).toEqual(["d"]);
  expect((await list("host=web-1&sort=name")).map(({ name }) => name)).toEqual(names);
  const wrong = await collector.ask("GET", `/api/v1/availability?sort=name&cursor=${first.nextCursor}`);
  expect(wrong.statusCode).toBe(400);
  expect((await collector.ask("GET", "/api/v1/availability?cursor=nonsense")).statusCode).toBe(400);
});

test("as CSV the list is a table", async () => {
  await web.tell(entry([change("web", "up", ago(DAY_MS))]));
  const reply = await collector.ask("GET", "/api/v1/availability?format=csv");

  expect(reply.headers["content-type"]).toContain("text/csv");
  expect(reply.body.split("\r\n")[0]).toContain("name,host,hostId");
});

test("healing is told of the fleet, of a host and of an owner", async () => {
  const incident = (id: string, facts: Partial<Incident> = {}) => ({
    kind: "incident",
    id,
    at: NOW,
    identity: `name:${id}`,
    container: { id, name: id, image: "web:1", imageId: "sha256:web" },
    sign: "unhealthy",
    cause: "its health check fails",
    sickAt: ago(2 * HOUR_MS),
    detectedAt: ago(2 * HOUR_MS),
    heals: 1,
    members: [],
    policy: "production",
    rule: "unhealthy",
    ...facts,
  });
  const ended = { firstOrderAt: ago(HOUR_MS), healthyAt: NOW, closedAt: NOW, ended: "healed" as const };
  await web.tell(
    incident("a", { ...ended, owner: "payments" }),
    incident("b", { closedAt: NOW, ended: "merged" }),
    incident("old", { detectedAt: ago(9 * DAY_MS) }),
  );
  await db.tell(incident("c"));
  const healing = async (query: string) =>
    (await collector.ask("GET", `/api/v1/healing?${query}`)).json<ApiHealing>();

  expect(await healing("days=7")).toMatchObject({
    incidents: 2,
    healed: 1,
    open: 1,
    times: { sickToHealthy: { count: 1, medianMs: 2 * HOUR_MS } },
  });
  expect(await healing("days=30")).toMatchObject({ incidents: 3 });
  expect(await healing("days=7&host=web-2")).toMatchObject({ incidents: 1, healed: 0 });
  expect(await healing("days=7&owner=payments")).toMatchObject({ incidents: 1, healed: 1 });
  expect(await healing("days=7&host=nowhere")).toMatchObject({ incidents: 0 });
});

test("the fleet report tells how much was up, and an owner's only of theirs", async () => {
  await web.tell(
    { ...inventoryEntry({ containers: [container("web", { labels: { "com.acme.owner": "payments" } })] }) },
    entry([
      change("web", "up", ago(20 * DAY_MS), { owner: "payments" }),
      change("web", "down", ago(HOUR_MS), { owner: "payments" }),
    ]),
  );
  const report = async (owner: string) =>
    (await collector.ask("GET", `/api/v1/reports/fleet${owner}`)).json<FleetReport>();

  const { availability, healing } = await report("");
  expect(availability.missed).toEqual({ services: 0, containers: 1, hosts: 0 });
  expect(availability.worst).toMatchObject([
    { of: "container", name: "web", host: "web-1", downMs: HOUR_MS },
  ]);
  expect(healing.incidents).toBe(0);
  expect((await report("?owner=payments")).availability.worst).toHaveLength(1);
  expect((await report("?owner=shop")).availability).not.toHaveProperty("share");
});
