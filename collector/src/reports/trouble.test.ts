import type { FleetReport } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as facts from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";
import type { FleetFacts } from "./fleet-facts.ts";
import { fleetReport, ownerReport } from "./fleet-report.ts";
import { courseInWords, endInWords, membersInWords } from "./trouble-words.ts";
import { NOW, SAMPLE_FACTS } from "./testing/sample-facts.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const kinds = (from: FleetFacts) => fleetReport(from, NOW).next.map(({ kind }) => kind);

test("a container that an alert tells of is not told of twice, and one that somebody took on not at all", () => {
  const takenOn = SAMPLE_FACTS.alerts.map((alert) => ({ ...alert, acknowledgedBy: "ada", overdue: false }));

  expect(kinds({ ...SAMPLE_FACTS, alerts: [] })).toContain("container-needs-person");
  expect(kinds(SAMPLE_FACTS)).not.toContain("container-needs-person");
  expect(kinds({ ...SAMPLE_FACTS, alerts: takenOn })).not.toContain("alert");
  expect(kinds({ ...SAMPLE_FACTS, alerts: takenOn })).not.toContain("container-needs-person");
});

test("an owner is told of theirs alone, and a storm of alerts stays a short list that says how long it is", () => {
  const many = SAMPLE_FACTS.alerts.flatMap((alert) =>
    Array.from({ length: 30 }, (_, place) => ({ ...alert, id: `${alert.id} ${place}` })),
  );

  const theirs = ownerReport(SAMPLE_FACTS, "payments", NOW).trouble;
  expect(theirs.alerts.map(({ subject }) => subject)).toEqual(["checkout"]);
  expect(theirs.incidents.map(({ name }) => name)).toEqual(["checkout"]);
  expect(fleetReport({ ...SAMPLE_FACTS, alerts: many }, NOW).trouble).toMatchObject({
    moreAlerts: 70,
    resolvedAlerts: 30,
  });
});

test("an incident is told with its course, its end, and the first of those that suffered with it", () => {
  const incident = {
    id: "i",
    host: "db-1",
    name: "db",
    cause: "its health check fails",
    sickAt: NOW,
    detectedAt: NOW + 1_000,
    firstOrderAt: NOW + 2_000,
    healthyAt: NOW + 14_000,
    heals: 1,
    members: ["a", "b", "c", "d", "e"],
  };

  expect(courseInWords(incident)).toBe(
    "seen after 1 second, ordered after 2 seconds, healthy after 14 seconds",
  );
  expect(membersInWords(incident)).toBe("with it a, b, c and 2 more");
  expect(endInWords({ ...incident, ended: "healed", closedAt: NOW }, NOW)).toBe("healed by 1 order");
  expect(endInWords({ ...incident, heals: 5, handedOverAt: NOW }, NOW + 7_200_000)).toBe(
    "open for 2 hours after 5 orders, left to people",
  );
});

test("the report has what the store has: alerts with their time, incidents with their course", async () => {
  const agent = await collector.enrolHost("web-1");
  const { NOW: now } = facts;
  await agent.tell(
    facts.incidentEntry("shop", { handedOverAt: now, handedOverWhy: "budget used", heals: 5 }),
    facts.incidentEntry("cart", { ended: "recovered", healthyAt: now, closedAt: now }),
    facts.incidentEntry("part", { ended: "merged", closedAt: now }),
  );
  collector.lookForAlerts();

  const { trouble } = (await collector.ask("GET", "/api/v1/reports/fleet")).json<FleetReport>();
  expect(trouble).toMatchObject({
    alerts: [{ host: "web-1", subject: "shop", severity: "high", overdue: false }],
    incidents: [
      { host: "web-1", name: "shop", heals: 5 },
      { name: "cart", ended: "recovered" },
    ],
  });
  for (const format of ["html", "text"]) {
    const { body } = await collector.ask("GET", `/api/v1/reports/fleet?format=${format}`);
    expect(body).toContain("shop on web-1 is sick, and restarting does not help");
    expect(body).toContain("1 hour left to take it on");
  }
});
