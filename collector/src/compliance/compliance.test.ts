import { DAY_MS, MINUTE_MS, days } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import { guardrailsSchema, type CheckRule, type Policy } from "@shipkeeper/policy";
import type { ApiFinding, ApiScore, ApiWaiver, FleetReport, Page } from "@shipkeeper/protocol";
import { createSigningKey, sealBundle, type SigningKey } from "@shipkeeper/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NOW, bundle, container, containerId, image, inventoryEntry } from "../testing/facts.ts";
import { standingEntry } from "../testing/standing.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";
import { createJudging, type Judging } from "./judging.ts";

const MAX_AGE: CheckRule = { check: "image-too-old", severity: "medium", limit: days(60) };
const BACKED_UP: CheckRule = { check: "volume-not-backed-up", severity: "high", limit: days(7) };
const OLD = image("old:1", { ageDays: 90, labels: { "com.acme.owner": "shop" } });
const YOUNG = image("young:1", { ageDays: 10 });

let collector: TestCollector;
let judging: Judging;
let key: SigningKey;
let agent: TestAgent;
let revision: number;

beforeEach(async () => {
  collector = await startTestCollector();
  judging = createJudging(collector.store);
  key = createSigningKey();
  revision = 0;
  agent = await collector.enrolHost("web-1");
});
afterEach(() => collector.close());

async function push(policy: Partial<Policy>): Promise<void> {
  revision += 1;
  const body = sealBundle(bundle(revision, policy), key);
  const reply = await collector.ask("POST", "/api/v1/policies", { body });
  expect(reply.statusCode, reply.body).toBe(201);
}

/** Every host that is due; returns their number. */
function judgeAll(): number {
  let judged = 0;
  while (judging.judgeNext(collector.clock.now) !== undefined) judged += 1;
  return judged;
}

/** Lets time pass, with the agent telling something at its end. */
async function later(ms: number, ...things: Parameters<typeof inventoryEntry>): Promise<void> {
  collector.clock.now += ms;
  await agent.tell(inventoryEntry({ ...things[0], takenAt: collector.clock.now }));
}

const read = async <T>(url: string): Promise<T> =>
  (await collector.ask("GET", `/api/v1/${url}`, { role: "reader" })).json<T>();
const findings = async (filters = "") => (await read<Page<ApiFinding>>(`findings?${filters}`)).items;
const told = async (filters = "") =>
  (await findings(filters)).map(({ name, check, state }) => `${name}: ${check} (${state})`);
const scoreOf = async (scope: string, name = "") =>
  (await read<Page<ApiScore>>(`compliance?scope=${scope}${name === "" ? "" : `&name=${name}`}`)).items[0];

describe("a finding", () => {
  test("opens with its evidence and its owner, and is resolved when the thing is gone", async () => {
    await push({ checks: [MAX_AGE] });
    await agent.tell(inventoryEntry({ images: [OLD, YOUNG] }));
    judgeAll();

    expect(await findings()).toMatchObject([
      {
        host: "web-1",
        check: "image-too-old",
        severity: "medium",
        subject: "image",
        name: "old:1",
        owner: "shop",
        says: "built 90 days ago (limit 60 days)",
        policy: "production",
        state: "open",
        firstSeenAt: NOW,
      },
    ]);

    await later(MINUTE_MS, { images: [YOUNG] });
    judgeAll();

    expect(await told()).toEqual([]);
    expect(await findings("state=resolved")).toMatchObject([
      { name: "old:1", resolvedAt: NOW + MINUTE_MS, firstSeenAt: NOW },
    ]);
  });

  test("is told of data that no rule backs up, as soon as the host told what it is allowed", async () => {
    const guardrails = guardrailsSchema.parse({ allow: { binds: ["/srv/app"] } });
    const select = { volumes: ["data"], binds: ["/srv/*"] };
    const rule = { kind: "backup", name: "data", mode: "enforce" as const, spec: { select, to: ["local"] } };
    await push({ checks: [{ check: "uncovered", severity: "high", limit: true }], rules: [rule] });
    const writes = (source: string) => ({
      type: "bind" as const,
      source,
      destination: "/d",
      readOnly: false,
    });
    const web = container("web", { mounts: [writes("/srv/app"), writes("/srv/other")] });
    const things = { volumes: [plainVolume("data"), plainVolume("lost")], containers: [web] };
    await agent.tell(inventoryEntry(things));
    judgeAll();

    expect(await told()).toEqual([]);

    await agent.tell(standingEntry({ guardrails, repositories: ["local"] }));
    await later(MINUTE_MS, things);
    judgeAll();

    expect((await findings()).map(({ subject, name, says }) => `${subject} ${name}: ${says}`).sort()).toEqual(
      [
        "dataset bind:/srv/other: used by web, production/data: this host does not allow it (allow.binds)",
        "volume lost: used by nobody, and no rule backs it up",
      ],
    );
    expect(await told("subject=dataset")).toEqual(["bind:/srv/other: uncovered (open)"]);
  });

  test("that comes back is open again, from then on", async () => {
    await push({ checks: [MAX_AGE] });
    await agent.tell(inventoryEntry({ images: [OLD] }));
    judgeAll();
    await later(MINUTE_MS, {});
    judgeAll();
    await later(MINUTE_MS, { images: [OLD] });
    judgeAll();

    expect(await findings("state=all")).toMatchObject([{ state: "open", firstSeenAt: NOW + 2 * MINUTE_MS }]);
  });

  test("is neither resolved nor opened by a list with a gap, nor by a host that is silent", async () => {
    await push({ checks: [MAX_AGE, BACKED_UP] });
    const volumes = [plainVolume("data", { users: [containerId("postgres")] })];
    await agent.tell(inventoryEntry({ images: [OLD], volumes }));
    judgeAll();
    const before = await told();
    const scored = await scoreOf("host");

    await later(MINUTE_MS, {
      images: [image("other:1", { ageDays: 99 })],
      gaps: [{ section: "images", error: "timeout" }],
    });
    judgeAll();

    expect(before).toEqual(["data: volume-not-backed-up (open)", "old:1: image-too-old (open)"]);
    expect(await told()).toEqual(["old:1: image-too-old (open)"]);
    expect(await scoreOf("host")).toMatchObject({ checked: (scored?.checked ?? 0) - 1, open: 1 });

    collector.clock.now += days(1);

    expect(judgeAll()).toBe(0);
    expect(await told()).toEqual(["old:1: image-too-old (open)"]);
  });

  test("is resolved when no policy asks for it any more, and gone with its host", async () => {
    await push({ checks: [MAX_AGE] });
    await agent.tell(inventoryEntry({ images: [OLD] }));
    judgeAll();
    await push({ checks: [BACKED_UP] });
    judgeAll();

    expect(await told("state=all")).toEqual(["old:1: image-too-old (resolved)"]);

    await collector.ask("POST", "/api/v1/hosts/web-1/revoke");

    expect(await told("state=all")).toEqual([]);
  });
});

test("hosts are judged when they told something, after a push, and every ten minutes", async () => {
  await agent.tell(inventoryEntry({ images: [OLD] }));

  expect(judgeAll()).toBe(1);
  expect(judgeAll()).toBe(0);
  await push({ checks: [MAX_AGE] });
  expect(judgeAll()).toBe(1);
  await later(1_000, { images: [OLD] });
  expect(judgeAll()).toBe(1);
  await agent.poll(0);
  collector.clock.now += 4 * MINUTE_MS;
  expect(judgeAll()).toBe(0);
  collector.clock.now += 2 * MINUTE_MS;
  await agent.poll(0);
  collector.clock.now += 4 * MINUTE_MS;
  expect(judgeAll()).toBe(1);
});

test("things grow too old while nothing changes", async () => {
  await push({ checks: [{ ...MAX_AGE, limit: days(90) + MINUTE_MS }] });
  await agent.tell(inventoryEntry({ images: [OLD] }));
  judgeAll();
  expect(await told()).toEqual([]);

  await later(2 * MINUTE_MS, { images: [OLD] });
  judgeAll();

  expect(await told()).toEqual(["old:1: image-too-old (open)"]);
});

test("owners are those of the pushed policy, also right after the push", async () => {
  await agent.tell(inventoryEntry({ images: [OLD] }));
  judgeAll();
  const owners = { labels: [], map: { archive: { match: ["old:*"] } } };

  await push({ checks: [MAX_AGE], owners });
  judgeAll();

  expect((await findings("owner=archive")).map(({ name }) => name)).toEqual(["old:1"]);
});

test("bases are recognised by their layers on whatever host, through other bases, with their age", async () => {
  const checks: CheckRule[] = [
    { check: "base-not-allowed", severity: "medium", limit: ["debian:12*"] },
    { check: "base-too-old", severity: "medium", limit: days(180) },
  ];
  await push({ checks });
  const other = await collector.enrolHost("base-host");
  const debian = image("debian:12", { layers: ["d"], ageDays: 300 });
  const tools = image("acme/tools:3", { layers: ["d", "t"], ageDays: 200 });
  await other.tell(inventoryEntry({ images: [debian, tools] }));
  const web = image("web:1", { layers: ["d", "t", "w"] });
  await agent.tell(inventoryEntry({ images: [web, image("alpine-app:1", { layers: ["a"] })] }));
  judgeAll();

  expect((await findings("host=web-1&sort=subject")).map(({ name, says }) => `${name}: ${says}`)).toEqual([
    "alpine-app:1: nobody knows what it is built on, allowed are debian:12*",
    "web:1: built on acme/tools:3, which was built 200 days ago (limit 180 days)",
  ]);
});

describe("a waiver", () => {
  const waiver = (until: number) => ({
    finding: "image-too-old",
    match: { image: "old:*" },
    reason: "the vendor is slow",
    owner: "shop",
    until,
  });

  test("keeps its finding listed, tells what it waives, and ends by itself", async () => {
    const unused = { ...waiver(NOW + days(3)), match: { image: "nothing:*" } };
    await push({ checks: [MAX_AGE], waivers: [unused, waiver(NOW + days(2) + 1)] });
    await agent.tell(inventoryEntry({ images: [OLD] }));
    judgeAll();

    expect(await told()).toEqual([]);
    expect(await findings("state=waived")).toMatchObject([{ waived: { reason: "the vendor is slow" } }]);
    expect((await read<Page<ApiWaiver>>("waivers")).items).toMatchObject([
      { match: { image: "old:*" }, daysLeft: 2, ended: false, waives: 1 },
      { match: { image: "nothing:*" }, daysLeft: 3, ended: false, waives: 0 },
    ]);
    expect(await scoreOf("fleet")).toMatchObject({ score: 100, open: 0, checked: 1 });

    await later(days(2) + 1, { images: [OLD] });
    expect(await told()).toEqual(["old:1: image-too-old (open)"]);
    judgeAll();

    expect((await read<Page<ApiWaiver>>("waivers")).items).toMatchObject([
      { match: { image: "old:*" }, daysLeft: 0, ended: true, waives: 0 },
      { match: { image: "nothing:*" } },
    ]);
    expect(await scoreOf("fleet")).toMatchObject({ score: 0, open: 1 });
  });
});

test("scores are told for the fleet, each owner and each host, with the days behind them", async () => {
  const other = await collector.enrolHost("db-1");
  await push({ checks: [MAX_AGE] });
  await agent.tell(inventoryEntry({ images: [OLD, YOUNG] }));
  await other.tell(inventoryEntry({ images: [YOUNG] }));
  judgeAll();
  await later(DAY_MS, { images: [YOUNG] });
  judgeAll();
  const midnight = NOW - (NOW % DAY_MS);

  expect(
    (await read<Page<ApiScore>>("compliance")).items.map(({ history, ...now }) => [now, history.length]),
  ).toEqual([
    [{ scope: "fleet", score: 100, open: 0, checked: 2 }, 2],
    [{ scope: "host", name: "db-1", score: 100, open: 0, checked: 1 }, 1],
    [{ scope: "host", name: "web-1", score: 100, open: 0, checked: 1 }, 2],
    [{ scope: "owner", score: 100, open: 0, checked: 2 }, 2],
    [{ scope: "owner", name: "shop", score: 0, open: 1, checked: 1 }, 1],
  ]);
  expect((await scoreOf("host", "web-1"))?.history).toEqual([
    { day: midnight, score: 50, open: 1, checked: 2 },
    { day: midnight + DAY_MS, score: 100, open: 0, checked: 1 },
  ]);
  expect(
    (await read<Page<ApiScore>>("compliance?scope=host&name=web-1&days=1")).items[0]?.history,
  ).toHaveLength(1);
});

test("without a policy there is no score, neither good nor bad", async () => {
  await agent.tell(inventoryEntry({ images: [OLD] }));
  judgeAll();

  expect(await scoreOf("fleet")).toEqual({
    scope: "fleet",
    open: 0,
    checked: 0,
    history: [{ day: NOW - (NOW % DAY_MS), open: 0, checked: 0 }],
  });
});

test("findings are narrowed and ordered by what people ask for, and written as CSV", async () => {
  const unowned: CheckRule = { check: "unowned", severity: "critical", limit: true };
  await push({ checks: [MAX_AGE, unowned] });
  await agent.tell(inventoryEntry({ images: [OLD], containers: [container("lost"), container("pay-api")] }));
  judgeAll();

  expect(await told()).toEqual(["lost: unowned (open)", "old:1: image-too-old (open)"]);
  expect(await told("sort=subject&limit=1")).toEqual(["lost: unowned (open)"]);
  expect(await told("severity=medium")).toEqual(["old:1: image-too-old (open)"]);
  expect(await told("subject=container")).toEqual(["lost: unowned (open)"]);
  expect(await told("unowned=true&check=unowned&search=os&host=web-1")).toEqual(["lost: unowned (open)"]);
  const csv = await collector.ask("GET", "/api/v1/findings?format=csv");
  expect(csv.body.split("\n")[0]).toContain("host,check,severity");
  const metrics = (await collector.app.inject("/metrics")).body;
  expect(metrics).toContain('shipkeeper_findings{severity="critical",state="open"} 1');
  expect(metrics).toMatch(/shipkeeper_compliance_score \d+/);
});

test("the fleet report tells the score, the findings and what could not be judged, of all and of one owner", async () => {
  await push({ checks: [MAX_AGE, BACKED_UP] });
  const second = { ...OLD, id: image("old:2").id, tags: ["old:2"] };
  await agent.tell(
    inventoryEntry({ images: [OLD, second, YOUNG], gaps: [{ section: "volumes", error: "timeout" }] }),
  );
  judgeAll();

  const { compliance } = await read<FleetReport>("reports/fleet");

  expect(compliance).toMatchObject({ score: 33, open: 2, waived: 0, history: [{ score: 33 }] });
  expect(compliance.byCheck).toEqual([
    {
      check: "image-too-old",
      title: "image too old",
      severity: "medium",
      open: 2,
      waived: 0,
      example: {
        host: "web-1",
        name: expect.stringMatching(/^old:/) as string,
        says: "built 90 days ago (limit 60 days)",
        owner: "shop",
      },
    },
  ]);
  expect(compliance.byOwner.map(({ owner, score }) => [owner, score])).toEqual([
    ["shop", 0],
    [undefined, 100],
  ]);
  expect(compliance.notJudged).toEqual([
    { host: "web-1", why: "the list of volumes could not be read completely" },
  ]);
  expect((await read<FleetReport>("reports/fleet?owner=shop")).compliance).toMatchObject({
    score: 0,
    open: 2,
  });
  const csv = (await collector.ask("GET", "/api/v1/reports/fleet?format=csv")).body.split("\n");
  expect(csv.filter((line) => line.includes(",image-too-old,"))).toHaveLength(2);
});
