import { HOUR_MS, MINUTE_MS, days } from "@shipkeeper/kit";
import { HOST_SUBJECT } from "@shipkeeper/model";
import { encodeSampleGroup, type FleetReport } from "@shipkeeper/protocol";
import { plainVolume } from "@shipkeeper/model/testing";
import { afterEach, expect, test } from "vitest";
import {
  NOW,
  container,
  containerId,
  image,
  imageId,
  inventoryEntry,
  pruneRound,
  pruneRun,
} from "../testing/facts.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
afterEach(() => collector.close());

const readReport = async (query = "") =>
  (await collector.ask("GET", `/api/v1/reports/fleet${query}`, { role: "reader" })).json<FleetReport>();

/** A host that runs one of its two images, and pruned another one in round `night`. */
async function tellOfOneHost(agent: TestAgent) {
  const web = { imageId: imageId("web:2"), image: "web:2", owner: "shop" };
  await agent.tell(
    inventoryEntry({
      containers: [container("shop", web)],
      images: [
        image("base:12", { ageDays: 400, layers: ["a"], sizeBytes: 80e6, sharedBytes: 80e6 }),
        image("web:2", { ageDays: 200, layers: ["a", "b"], sizeBytes: 100e6, sharedBytes: 80e6 }),
      ],
      volumes: [plainVolume("shop-data", { users: [containerId("shop")], sizeBytes: 7e6 })],
    }),
    { kind: "round", round: pruneRound("night") },
    ...pruneRun("night"),
  );
}

test("tells of a host what its agent sent: ages, bases, runs with reasons, and what waits", async () => {
  collector = await startTestCollector();
  await tellOfOneHost(await collector.enrolHost("web-1"));
  collector.clock.now += MINUTE_MS;

  const report = await readReport();

  expect(report.truth).toBe(
    "1 of 1 host reported in the last 5 minutes; none of 1 container needs a person; 0 B can be freed",
  );
  expect(report.hosts[0]).toMatchObject({ host: "web-1", cacheBytes: 100e6, oldestRunningDays: 200 });
  expect(report.images.byBase.map(({ name, images }) => [name, images])).toEqual([
    [undefined, 1],
    ["base:12", 1],
  ]);
  expect(report.done.steps).toMatchObject([
    { target: "web:1", decision: "remove", status: "done", host: "web-1" },
  ]);
  expect(report.done.steps[0]?.because).toContain("unused");
  expect(report.heldBack.byReason).toMatchObject([
    { decision: "keep", why: "newest-of-repository", count: 1 },
  ]);
  expect(report.heldBack.waitingRules).toEqual([
    { rule: "production/databases", why: "due 2030-01-31 03:00Z", hosts: 1 },
  ]);
  expect(report.restorePoints.unprotected).toMatchObject([{ volume: "shop-data", sizeBytes: 7e6 }]);
});

test("a rule that is due once a night is told from the round in which it was planned", async () => {
  collector = await startTestCollector();
  const agent = await collector.enrolHost("web-1");
  const night = pruneRound("night");
  await agent.tell(inventoryEntry(), { kind: "round", round: night });
  for (let minute = 1; minute <= 60; minute += 1) {
    const later = pruneRound(`minute ${minute}`);
    const waiting = [{ policy: "production", rule: "host-cache", kind: "prune", why: "due tomorrow" }];
    await agent.tell({
      kind: "round",
      round: { ...later, at: NOW + minute * MINUTE_MS, planned: [], waiting },
    });
  }

  const { heldBack } = await readReport();

  expect(heldBack.byReason).toMatchObject([{ decision: "keep", why: "newest-of-repository" }]);
  expect(heldBack.waitingRules).toMatchObject([{ rule: "production/host-cache", why: "due tomorrow" }]);
});

test("an end that a rule announced stands in the report with its day", async () => {
  collector = await startTestCollector();
  const agent = await collector.enrolHost("web-1");
  const target = { type: "container", id: containerId("report"), name: "report", owner: "shop" } as const;
  const reason = { why: "announced", announcedAt: NOW - days(1), endsAt: NOW + days(2) };
  const verdicts = [{ target, decision: "wait", reason }];
  await agent.tell(inventoryEntry(), {
    kind: "round",
    round: {
      ...pruneRound("night"),
      planned: [{ policy: "batch", rule: "old", kind: "expire", mode: "enforce", verdicts }],
      waiting: [],
    },
  });

  const { next } = await readReport();

  expect(next.find(({ kind }) => kind === "container-ends")).toEqual({
    urgency: "soon",
    kind: "container-ends",
    what: "Replace or move report on web-1: it expires on 2030-02-02 02:00Z",
    why: "announced 2030-01-30 02:00Z, ends 2030-02-02 02:00Z",
    host: "web-1",
    owner: "shop",
  });
});

test("a disk's trend is read from the host's own samples", async () => {
  collector = await startTestCollector();
  const agent = await collector.enrolHost("web-1");
  await agent.tell(inventoryEntry());
  for (let hours = 48; hours >= 0; hours -= 1) {
    const columns = { diskFreeBytes: [40e9 + hours * 400e6], diskTotalBytes: [100e9] };
    const { head, body } = encodeSampleGroup({
      times: [NOW - hours * HOUR_MS + 5_000],
      series: [{ subject: HOST_SUBJECT, name: "", columns }],
    });
    await agent.send({
      after: 49 - hours,
      entries: [{ seq: 50 - hours, body: { kind: "samples", head, blob: 0 } }],
      blobs: [body],
    });
  }

  const report = await readReport();

  expect(report.hosts[0]?.disks[0]?.forecast).toMatchObject({ kind: "fills", daysLeft: 4 });
});

test("namesakes are told apart, and a revoked host is not told of", async () => {
  collector = await startTestCollector();
  const [one, two, gone] = [
    await collector.enrolHost("clone"),
    await collector.enrolHost("clone"),
    await collector.enrolHost("gone"),
  ];
  await one.tell(inventoryEntry({ containers: [container("a")] }));
  await two.tell(inventoryEntry({ containers: [container("b")] }));
  await gone.tell(inventoryEntry({ containers: [container("c")] }));
  collector.store.hosts.revoke(gone.hostId, NOW);

  const { hosts, containers } = await readReport();

  expect(hosts.map(({ host }) => host).sort()).toEqual(
    [one, two].map(({ hostId }) => `clone (${hostId.slice(0, 8)})`).sort(),
  );
  expect(containers.total).toBe(2);
});

test("comes as a page that may run nothing, as text, and as a table", async () => {
  collector = await startTestCollector();
  await tellOfOneHost(await collector.enrolHost("web-1"));
  const ask = (format: string) =>
    collector.ask("GET", `/api/v1/reports/fleet?format=${format}`, { role: "reader" });

  const [page, text, csv] = [await ask("html"), await ask("text"), await ask("csv")];

  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
  expect(page.body).toMatch(/^<!doctype html>/);
  expect(text.body).toMatch(/^Fleet report, /);
  expect(csv.body.split("\r\n")[0]).toMatch(/^host,image,owner/);
});

test("looks back as many days as asked for", async () => {
  collector = await startTestCollector();
  await tellOfOneHost(await collector.enrolHost("web-1"));
  collector.clock.now += days(3);

  expect((await readReport()).done.byAction).toEqual([]);
  expect((await readReport("?days=7")).done.byAction).toMatchObject([{ action: "prune", done: 1 }]);
});

test("a reader may read and not send", async () => {
  collector = await startTestCollector();

  expect((await collector.ask("POST", "/api/v1/reports/send", { role: "reader", body: {} })).statusCode).toBe(
    403,
  );
  expect(
    (await collector.ask("POST", "/api/v1/reports/send", { role: "operator", body: {} })).json(),
  ).toEqual({
    queued: [],
  });
});
