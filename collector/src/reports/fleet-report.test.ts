import { HOUR_MS, days } from "@shipkeeper/kit";
import { fleetReportSchema } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import type { FleetFacts } from "./fleet-facts.ts";
import { fleetReport, ownerReport } from "./fleet-report.ts";
import { renderHtml } from "./render-html.ts";
import { renderText } from "./render-text.ts";
import {
  EMPTY_FACTS,
  NOW,
  SAMPLE_FACTS,
  containerFact,
  hostFact,
  imageFact,
} from "./testing/sample-facts.ts";

const factsWith = (some: Partial<FleetFacts>): FleetFacts => ({ ...EMPTY_FACTS, ...some });
const nextOf = (facts: FleetFacts) =>
  fleetReport(facts, NOW).next.map(({ urgency, kind, owner }) => `${urgency} ${kind} ${owner ?? "-"}`);

test("reads from the one sentence down to the details", async () => {
  const text = renderText(fleetReport(SAMPLE_FACTS, NOW));

  await expect(text).toMatchFileSnapshot("golden/fleet-report.txt");
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});

test("an owner gets the same report about what is theirs, and nothing else", async () => {
  const text = renderText(ownerReport(SAMPLE_FACTS, "shop", NOW));

  await expect(text).toMatchFileSnapshot("golden/owner-report.txt");
  expect(text).not.toContain("ledger");
});

test("the report is what the API says it is", () => {
  const report = fleetReport(SAMPLE_FACTS, NOW);

  expect(fleetReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(
    JSON.parse(JSON.stringify(report)),
  );
});

test("a fleet without hosts, and an owner without things, are told as that", () => {
  expect(fleetReport(EMPTY_FACTS, NOW).truth).toBe("No host is enrolled yet");
  expect(ownerReport(SAMPLE_FACTS, "nobody-here", NOW).truth).toBe(
    "Nothing in the fleet belongs to nobody-here",
  );
});

test("a host is silent after five minutes, and first in the list", () => {
  const facts = factsWith({
    hosts: [
      hostFact("awake", { lastSeenAt: NOW - 300_000 }),
      hostFact("quiet", { lastSeenAt: NOW - 300_001 }),
      hostFact("unborn", { lastSeenAt: undefined }),
    ],
  });

  const { hosts, truth } = fleetReport(facts, NOW);

  expect(hosts.map(({ host, silent }) => [host, silent])).toEqual([
    ["quiet", true],
    ["unborn", true],
    ["awake", false],
  ]);
  expect(truth).toMatch(/^1 of 3 hosts reported in the last 5 minutes/);
});

test("images fall into age classes by their build time, and unbelievable times into none", () => {
  const facts = factsWith({
    hosts: [hostFact("web-1")],
    images: [0, 7, 8, 30, 90, 180, 365, 730, 731, undefined].map((age, place) =>
      imageFact("web-1", `i${place}`, age),
    ),
  });

  const { ages, oldestCached } = fleetReport(facts, NOW).images;

  expect(ages.map(({ bucket, count }) => `${bucket} ${count}`)).toEqual([
    "7d 2",
    "30d 2",
    "90d 1",
    "180d 1",
    "1y 1",
    "2y 1",
    "older 1",
    "unknown 1",
  ]);
  expect(oldestCached[0]).toMatchObject({ image: "i8", ageDays: 731 });
});

test("only what no container refers to can be freed, and only the layers that nothing shares", () => {
  const facts = factsWith({
    hosts: [hostFact("web-1", { idleBuildCacheBytes: 5 })],
    images: [
      imageFact("web-1", "unused", 1, { ownBytes: 100 }),
      imageFact("web-1", "kept-by-exited", 1, { ownBytes: 1_000, usedBy: ["old"] }),
    ],
  });

  expect(fleetReport(facts, NOW).images.reclaimableBytes).toBe(105);
});

test("a container needs a person when a rule gave up on it, or when it is sick for long and no rule tries", () => {
  const sick = (name: string, hours: number) =>
    containerFact("web-1", name, { health: "unhealthy", unhealthySince: NOW - hours * HOUR_MS });
  const held = (name: string, decision: string) => ({
    host: "web-1",
    action: "restart",
    decision,
    why: "budget",
    words: `words about ${name}`,
    target: { type: "container", id: `web-1/${name}`, name },
  });
  const facts = factsWith({
    hosts: [hostFact("web-1")],
    containers: [sick("hopeless", 1), sick("forgotten", 2), sick("in-care", 3), sick("fresh", 0.5)],
    held: [held("hopeless", "give-up"), held("in-care", "wait")],
  });

  const { needPerson } = fleetReport(facts, NOW).containers;

  expect(needPerson.map(({ container, why }) => `${container}: ${why}`)).toEqual([
    "forgotten: unhealthy for 2 hours",
    "hopeless: words about hopeless",
  ]);
});

test("what to do next is ordered by urgency, with an owner where there is one", () => {
  expect(nextOf(SAMPLE_FACTS)).toEqual([
    "now alert -",
    "now alert payments",
    "now silent-host platform",
    "now disk-fills -",
    "now step-failed payments",
    "now finding -",
    "soon finding payments",
    "soon volume-without-backup shop",
    "plan unowned-containers -",
    "plan room-to-free -",
  ]);
});

test("a collector that is not backed up is said in the report of the fleet, and in no owner's", () => {
  const facts = factsWith({
    hosts: [hostFact("web-1")],
    containers: [containerFact("web-1", "shop", { owner: "shop" })],
    isCollectorBackedUp: false,
  });

  const said = "the collector's own database is not backed up: it is in one place only";
  expect(renderText(fleetReport(facts, NOW)).replaceAll(/\s+/g, " ")).toContain(said);
  expect(renderHtml(fleetReport(facts, NOW))).toContain(said.replace("'", "&#39;"));
  expect(nextOf(facts)).toContain("soon collector-not-backed-up -");
  expect(fleetReport(facts, NOW).recovery.isCollectorBackedUp).toBe(false);
  const own = ownerReport(facts, "shop", NOW);
  expect(own.next.map(({ kind }) => kind)).not.toContain("collector-not-backed-up");
  expect(own.recovery).not.toHaveProperty("isCollectorBackedUp");
  expect(nextOf({ ...facts, isCollectorBackedUp: true })).not.toContain("soon collector-not-backed-up -");
});

test("one kind of trouble does not push out the others", () => {
  const facts = factsWith({
    hosts: Array.from({ length: 12 }, (_, place) =>
      hostFact(`quiet-${place}`, { lastSeenAt: NOW - days(1) }),
    ),
    containers: [containerFact("quiet-1", "orphan")],
  });

  const { next } = fleetReport(facts, NOW);

  expect(nextOf(facts)).toEqual([...Array<string>(9).fill("now silent-host -"), "plan unowned-containers -"]);
  expect(next[8]?.why).toBe("last heard of 1 day ago; and 3 more like this");
});

test("containers that run without a health check are told once for each owner", () => {
  const bare = (name: string, owner?: string) => containerFact("web-1", name, { owner, health: "none" });
  const facts = factsWith({
    hosts: [hostFact("web-1")],
    containers: [
      bare("a", "shop"),
      bare("b", "shop"),
      bare("c", "payments"),
      containerFact("web-1", "ended", { owner: "shop", health: "none", state: "exited" }),
    ],
  });

  const { next } = fleetReport(facts, NOW);

  expect(next.map(({ what, owner }) => `${owner}: ${what}`)).toEqual([
    "shop: Give 2 running containers a health check",
    "payments: Give 1 running container a health check",
  ]);
});

test("old images that nothing uses are told when no rule has judged them", () => {
  const facts = factsWith({
    hosts: [hostFact("web-1")],
    images: [
      imageFact("web-1", "forgotten", 200),
      imageFact("web-1", "young", 20),
      imageFact("web-1", "in-use", 200, { usedBy: ["shop"] }),
      imageFact("web-1", "kept", 200),
    ],
    held: [
      {
        host: "web-1",
        action: "prune",
        decision: "keep",
        why: "newest-of-repository",
        words: "newest of its repository",
        target: { type: "image", id: "sha256:kept", name: "kept" },
      },
    ],
  });

  expect(fleetReport(facts, NOW).next).toMatchObject([
    {
      urgency: "plan",
      kind: "old-image-unused",
      what: "Let a policy look after 1 old image that nothing uses",
    },
  ]);
});

test("what was announced to end is told with its day, the soonest first, and to its owner", () => {
  const ending = (name: string, daysLeft: number, owner: string) => ({
    host: "web-1",
    action: "expire",
    decision: "wait",
    why: "announced",
    words: `words about ${name}`,
    endsAt: NOW + days(daysLeft),
    target: { type: "container", id: `web-1/${name}`, name },
    owner,
  });
  const facts = factsWith({
    hosts: [hostFact("web-1")],
    containers: [containerFact("web-1", "crawler", { owner: "research" })],
    held: [ending("report-2029", 2, "payments"), ending("crawler", 1, "research")],
  });

  expect(fleetReport(facts, NOW).next).toEqual([
    {
      urgency: "now",
      kind: "container-ends",
      what: "Replace or move crawler on web-1: it expires on 2030-02-01 06:00Z",
      why: "words about crawler",
      host: "web-1",
      owner: "research",
    },
    expect.objectContaining({ urgency: "soon", owner: "payments" }),
  ]);
  expect(ownerReport(facts, "research", NOW).next.map(({ owner }) => owner)).toEqual(["research"]);
});

test("disks of which nothing is to be said are one sentence", () => {
  const disk = (path: string, usedPercent: number) => {
    return { path, totalBytes: 100, freeBytes: 100 - usedPercent, history: [] };
  };
  const facts = factsWith({
    hosts: [hostFact("api-1", { disks: [disk("/", 69), disk("/data", 12)] }), hostFact("api-2")],
  });

  const text = renderText(fleetReport(facts, NOW));

  expect(text).toContain(
    "DISKS\n  2 disks, the fullest 69 % used (/ on api-1); not enough history to forecast\n",
  );
});
