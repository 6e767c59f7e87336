import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { SILENT_AFTER_MS, type ApiAlert, type Page } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  NOW,
  container,
  containerId,
  image,
  imageId,
  incidentEntry,
  inventoryEntry,
} from "../testing/facts.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const listed = async (query = "") =>
  (await collector.ask("GET", `/api/v1/alerts?${query}`, { role: "reader" })).json<Page<ApiAlert>>().items;

/** Severity, kind and subject of what is there after one more look, so long after the last. */
async function look(afterMs = 0, query = "open=true"): Promise<string[]> {
  collector.clock.now += afterMs;
  collector.lookForAlerts();
  return (await listed(query)).map(({ severity, kind, subject }) => `${severity} ${kind} ${subject}`);
}

/** What the agent says at the collector's time, so that it is not silent. */
const tell = (agent: TestAgent, ...incidents: Parameters<typeof incidentEntry>[]) =>
  agent.tell(...incidents.map(([name, facts]) => incidentEntry(name, { at: collector.clock.now, ...facts })));

const GIVEN_UP = {
  handedOverAt: NOW,
  handedOverWhy: "restarted 5 times within 30 minutes: somebody must look",
};

test("an incident that was left to people is one alert, however often it comes back within the hour", async () => {
  const agent = await collector.enrolHost("web-1");
  await tell(agent, ["shop", { ...GIVEN_UP, heals: 5 }]);

  expect(await look()).toEqual(["high handed-over shop"]);
  for (let round = 1; round <= 20; round += 1) {
    collector.clock.now += MINUTE_MS;
    await tell(agent, ["shop", { ...GIVEN_UP, heals: 5, closedAt: collector.clock.now, ended: "healed" }]);
    expect(await look()).toEqual([]);
    collector.clock.now += MINUTE_MS;
    await tell(agent, ["shop", { ...GIVEN_UP, heals: 5 }]);
    expect(await look()).toEqual(["high handed-over shop"]);
  }

  const all = await listed();
  expect(all).toHaveLength(1);
  expect(all[0]).toMatchObject({
    count: 21,
    openedAt: NOW,
    title: "shop on web-1 is sick, and restarting does not help",
    why:
      "its health check fails, since 2030-01-31 02:00Z; 5 orders to heal did not last; " +
      "restarted 5 times within 30 minutes: somebody must look",
  });
});

test("after an hour of peace the same trouble is another alert", async () => {
  const agent = await collector.enrolHost("web-1");
  await tell(agent, ["shop", GIVEN_UP]);
  await look();
  await tell(agent, ["shop", { ...GIVEN_UP, closedAt: NOW, ended: "recovered", at: NOW + 1 }]);
  await look(MINUTE_MS);

  collector.clock.now += HOUR_MS + 1;
  await tell(agent, ["shop", { ...GIVEN_UP, id: "another" }]);

  expect(await look()).toEqual(["high handed-over shop"]);
  expect(await listed()).toHaveLength(2);
});

test("what nobody treats is told after a quarter of an hour, and gets worse in place when it is left to people", async () => {
  const agent = await collector.enrolHost("web-1");
  await tell(agent, ["shop", {}]);

  collector.clock.now += 15 * MINUTE_MS;
  await tell(agent);
  expect(await look()).toEqual([]);
  expect(await look(1)).toEqual(["medium lasting shop"]);
  const [before] = await listed();
  await collector.ask("POST", `/api/v1/alerts/${before?.id}/acknowledge`, { body: { by: "ada" } });
  collector.clock.now += MINUTE_MS;
  await tell(agent, ["shop", GIVEN_UP]);
  expect(await look()).toEqual(["high handed-over shop"]);

  const [after] = await listed();
  expect(after).toMatchObject({ id: before?.id, dueAt: collector.clock.now + HOUR_MS, count: 1 });
  expect(after?.acknowledgedBy).toBeUndefined();
});

test("how severe it is: databases are critical, labels say otherwise, storms and the unkillable are the worst", async () => {
  const agent = await collector.enrolHost("web-1");
  const root = (name: string) => ({
    id: containerId(name),
    name,
    image: `${name}:1`,
    imageId: imageId(name),
  });
  await agent.tell(
    inventoryEntry({
      takenAt: NOW,
      containers: [
        container("postgres", { image: "postgres:16" }),
        container("toy", { image: "redis:7", labels: { "shipkeeper.severity": "low" } }),
        container("odd", { labels: { "shipkeeper.severity": "very" } }),
      ],
    }),
  );
  await tell(
    agent,
    ["postgres", { ...GIVEN_UP, container: root("postgres") }],
    ["toy", { ...GIVEN_UP, container: root("toy") }],
    ["odd", { ...GIVEN_UP, container: root("odd") }],
    ["zombie", { sign: "unkillable" }],
    ["all", { identity: "host", container: undefined, sign: "host-storm" }],
  );

  expect(new Set(await look())).toEqual(
    new Set([
      "critical handed-over postgres",
      "critical unkillable zombie",
      "critical host-storm web-1",
      "high handed-over odd",
      "low handed-over toy",
    ]),
  );
  expect(await look(0, "severity=low")).toEqual(["low handed-over toy"]);
  const metrics = (await collector.app.inject("/metrics")).body;
  expect(metrics).toContain('shipkeeper_alerts{severity="critical"} 3');
});

test("a silent host is told, what it told last is not gone, and it resolves by itself", async () => {
  const agent = await collector.enrolHost("web-1");
  await tell(agent, ["shop", GIVEN_UP]);
  expect(await look()).toEqual(["high handed-over shop"]);

  expect(await look(SILENT_AFTER_MS)).toEqual(["high handed-over shop", "high host-silent web-1"]);
  await tell(agent);
  expect(await look()).toEqual(["high handed-over shop"]);
});

test("an engine that does not answer is told after a while, and no container of it counts as gone", async () => {
  const agent = await collector.enrolHost("web-1");
  const engine = {
    id: "E",
    version: "20.10.24",
    apiVersion: "1.41",
    storageDriver: "overlay2",
    imageStore: "graphdriver" as const,
    cgroupVersion: "2" as const,
    cgroupDriver: "systemd",
    rootDir: "/var/lib/docker",
    liveRestore: false,
    swarm: "inactive",
    defaultLogDriver: "json-file",
    securityOptions: [],
  };
  await agent.tell(inventoryEntry({ takenAt: NOW, containers: [container("shop")], engine }));
  const gaps = ["engine", "containers"].map((section) => ({
    section: section as "engine",
    error: "no answer",
  }));
  await agent.tell(inventoryEntry({ takenAt: NOW + 1, gaps }));
  await tell(agent, ["shop", GIVEN_UP]);

  expect(await look(MINUTE_MS)).toEqual(["high handed-over shop"]);
  collector.clock.now += SILENT_AFTER_MS;
  await tell(agent);
  expect(await look()).toEqual(["high handed-over shop", "high engine-silent web-1"]);
});

test("an alert that nobody takes on in time is overdue; one that somebody did is theirs", async () => {
  const agent = await collector.enrolHost("web-1");
  await tell(agent, ["shop", GIVEN_UP], ["db", GIVEN_UP]);
  await look();
  const [first] = await listed("sort=openedAt");

  const body = { note: "looking at it" };
  const taken = await collector.ask("POST", `/api/v1/alerts/${first?.id}/acknowledge`, { body });
  expect(taken.json()).toMatchObject({ acknowledgedBy: "admin", note: "looking at it", acknowledgedAt: NOW });
  const again = await collector.ask("POST", `/api/v1/alerts/${first?.id}/acknowledge`, {
    body: { by: "eve" },
  });
  expect(again.json()).toMatchObject({ acknowledgedBy: "admin" });

  collector.clock.now += HOUR_MS + 1;
  await tell(agent);
  collector.lookForAlerts();
  const overdue = await listed("overdue=true");
  expect(overdue.map(({ id }) => id)).not.toContain(first?.id);
  expect(overdue).toMatchObject([{ overdue: true }]);
  expect(await listed("overdue=false")).toMatchObject([{ id: first?.id }]);
});

test("readers may not take an alert on, and one that is not there cannot be", async () => {
  const url = "/api/v1/alerts/none/acknowledge";

  expect((await collector.ask("POST", url, { role: "reader", body: {} })).statusCode).toBe(403);
  expect((await collector.ask("POST", url, { body: {} })).statusCode).toBe(404);
});

test("an agent that refused a policy is an alarm for an hour", async () => {
  const agent = await collector.enrolHost("web-1");
  const trouble = { kind: "trouble", at: NOW, message: "its signature is not by a key that the host trusts" };
  await agent.tell({ ...trouble, code: "policy_refused" }, { ...trouble, code: "harmless" });

  expect(await look()).toEqual(["high alarm web-1"]);
  collector.clock.now += HOUR_MS;
  await tell(agent);
  expect(await look()).toEqual([]);
});

test("one image that falls ill on three hosts is a storm, told once and to every host, until it is over", async () => {
  const agents = await Promise.all(["a", "b", "c", "d", "e"].map((name) => collector.enrolHost(name)));
  const sick = {
    container: { id: containerId("web"), name: "web", image: "web:2", imageId: imageId("web") },
  };
  const all = (facts: object) =>
    Promise.all(agents.map((agent) => tell(agent, ["web", { detectedAt: NOW, ...sick, ...facts }])));
  const receipts = () => Promise.all(agents.map((agent) => agent.tell()));

  await Promise.all(agents.slice(0, 2).map((agent) => tell(agent, ["web", sick])));
  expect(await look()).toEqual([]);
  await all({});
  expect(await look(MINUTE_MS)).toEqual(["critical fleet-storm web:2"]);
  expect((await receipts()).map(({ sickImages }) => sickImages)).toEqual(
    agents.map(() => [[imageId("web"), 5]]),
  );

  // Long after they fell ill it is still the same storm.
  collector.clock.now += HOUR_MS;
  await receipts();
  expect(await look()).toEqual(["critical fleet-storm web:2"]);

  await all({ closedAt: collector.clock.now, ended: "recovered" });
  expect(await look()).toEqual([]);
  expect((await receipts()).every(({ sickImages }) => sickImages === undefined)).toBe(true);
  expect((await listed()).filter(({ kind }) => kind === "fleet-storm")).toHaveLength(1);
});

test("an image that hosts keep under several ids is one, by what registries call it; hosts that are silent do not count", async () => {
  const agents = await Promise.all(["a", "b", "c"].map((name) => collector.enrolHost(name)));
  const digest = `acme/web@sha256:${"d".repeat(64)}`;
  for (const [place, agent] of agents.entries()) {
    const own = image("web:2", { id: imageId(`store ${place}`), digests: [digest] });
    await agent.tell(inventoryEntry({ takenAt: NOW, images: [own] }));
    await tell(agent, [
      "web",
      { container: { id: containerId("web"), name: "web", image: "web:2", imageId: own.id } },
    ]);
  }

  expect(await look()).toEqual(["critical fleet-storm web:2"]);
  expect((await agents[0]?.tell())?.sickImages?.map(([id]) => id).toSorted()).toEqual(
    [0, 1, 2].map((place) => imageId(`store ${place}`)).toSorted(),
  );

  collector.clock.now += SILENT_AFTER_MS;
  await Promise.all(agents.slice(0, 2).map((agent) => agent.tell()));
  expect(await look()).toEqual(["high host-silent c"]);
});
