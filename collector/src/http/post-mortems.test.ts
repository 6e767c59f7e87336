import { SECOND_MS, days } from "@shipkeeper/kit";
import { compileBundle } from "@shipkeeper/policy";
import type { ApiPostMortem, ApiPostMortemDetail, Page } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forgetPostMortems } from "../maintenance.ts";
import type { PolicyInForce } from "../store/policies.ts";
import { NOW, pruneRun, uuid } from "../testing/facts.ts";
import { DEAD, HEALING_RUN, HOSTILE, SICK, postMortem } from "../testing/post-mortems.ts";
import { startTestCollector, type TestAgent, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
let agent: TestAgent;
beforeEach(async () => {
  collector = await startTestCollector();
  agent = await collector.enrolHost("shop-7");
});
afterEach(() => collector.close());

const ask = (path: string) => collector.ask("GET", `/api/v1/post-mortems${path}`, { role: "reader" });
const namesOf = async (query: string) =>
  (await ask(query)).json<Page<ApiPostMortem>>().items.map(({ container }) => container.name);

/** The ends of a run of kind restart that healed `SICK`. */
const healingRun = () =>
  pruneRun("healing").map((entry) =>
    entry.kind === "run-finished"
      ? {
          ...entry,
          runId: HEALING_RUN,
          action: "restart",
          outcome: {
            steps: [
              {
                target: { type: "container", id: SICK.container.id, name: "web-3" },
                decision: "restart",
                status: "done",
                startedAt: NOW + 10,
                finishedAt: NOW + 900,
                facts: { healed: true, healthyAt: NOW + 21 * SECOND_MS, downtimeMs: 900 },
              },
            ],
          },
        }
      : { ...entry, runId: HEALING_RUN, action: "restart" },
  );

test("lists them, newest first, by every filter", async () => {
  const later = postMortem({ name: "shop-1", at: NOW + 1, incidentId: "i-1" });
  await agent.tell(SICK, DEAD, later);

  expect(await namesOf("")).toEqual(["shop-1", "import-1", "web-3"]);
  expect(await namesOf("?host=shop-7&limit=1")).toEqual(["shop-1"]);
  for (const query of [
    "container=web-3",
    `container=${SICK.container.id}`,
    "container=name:web-3",
    "image=acme/web:3.1&host=shop-7",
    "owner=payments",
    "trigger=before-heal",
    "sign=unhealthy",
    `run=${HEALING_RUN}`,
    "search=STUCK",
    "search=no%20queue",
    "search=health_status%20paym",
  ])
    expect(
      await namesOf(`?container=web-3&${query}`.replace("container=web-3&container", "container")),
      query,
    ).toEqual(["web-3"]);
  expect(await namesOf("?incident=i-1")).toEqual(["shop-1"]);
  expect(await namesOf(`?from=${NOW + 1}`)).toEqual(["shop-1"]);
  expect(await namesOf(`?to=${NOW}`)).toEqual(["import-1", "web-3"]);
  expect(await namesOf("?owner=nobody")).toEqual([]);
});

test("a search is words, never syntax", async () => {
  await agent.tell(SICK);

  expect(await namesOf(`?search=${encodeURIComponent('job OR "')}`)).toEqual([]);
  expect(await namesOf(`?search=${encodeURIComponent('said:job* NEAR( "4711"')}`)).toEqual([]);
  expect(await namesOf(`?search=${encodeURIComponent("(job) 47")}`)).toEqual(["web-3"]);
  expect((await ask(`?search=${encodeURIComponent('"*')}`)).statusCode).toBe(400);
});

test("one tells its story with what came of it, as data, page and text", async () => {
  await agent.tell(SICK);
  const before = (await ask(`/${SICK.id}`)).json<ApiPostMortemDetail>();
  await agent.tell(...healingRun());

  const after = (await ask(`/${SICK.id}`)).json<ApiPostMortemDetail>();
  const page = await ask(`/${SICK.id}?format=html`);
  const text = await ask(`/${SICK.id}?format=text`);

  expect(before.story).toContain("not known here");
  expect(after.story).toContain(
    "the agent restarted it and it was down for 900 ms; it was healthy again at 02:00:21Z.",
  );
  expect(after).toMatchObject({ evidence: SICK.evidence, container: SICK.container, host: "shop-7" });
  expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
  expect([page.body, text.body].every((body) => body.includes("restarted it"))).toBe(true);
  expect((await ask("/of-nobody")).statusCode).toBe(404);
});

test("what comes again is one, and what is too large is refused by itself", async () => {
  const lines = Array.from({ length: 1_000 }, () => ({ stream: "stdout" as const, text: "x".repeat(2_000) }));
  const large = postMortem({ name: "large", evidence: { log: { lines, cut: 0 } } });
  const receipt = await agent.tell(SICK, large, SICK, HOSTILE);

  expect(receipt.rejected).toMatchObject([{ code: "invalid" }]);
  expect(await namesOf("?to=1")).toEqual([]);
  expect((await namesOf("")).filter((name) => name === "web-3")).toHaveLength(1);
  expect(await namesOf(`?search=${uuid("nothing")}`)).toEqual([]);
});

const STOPS = new AbortController().signal;

test("each host's are kept for as long as its policies want, then until there is no more room, and lost ones are counted", async () => {
  const { store } = collector;
  const batch = await collector.enrolHost("batch-1", { tier: "batch" });
  await agent.tell(postMortem({ name: "old" }));
  await batch.tell(postMortem({ name: "brief" }));
  collector.clock.now += days(20);
  await agent.tell(postMortem({ name: "young" }), postMortem({ name: "youngest" }));
  const head = { owners: { labels: [], map: {} }, exceptions: [], checks: [], waivers: [], rules: [] };
  const policies = [{ name: "brief", hosts: { tier: "batch" }, postMortems: { keepMs: days(7) }, ...head }];
  const bundle = compileBundle(policies, { revision: 1, issuedAt: NOW, expiresAt: NOW + days(99) });
  const kept = async (now: number, mostBytes?: number) => {
    const inForce = () => ({ bundle }) as PolicyInForce;
    await forgetPostMortems({ ...store, policies: { ...store.policies, inForce } }, now, STOPS, mostBytes);
    return (await namesOf("")).toSorted();
  };

  expect(await kept(NOW + days(20))).toEqual(["old", "young", "youngest"]);
  expect(await kept(NOW + days(31))).toEqual(["young", "youngest"]);
  expect(await kept(NOW + days(31), 2_000)).toEqual(["young", "youngest"]);
  expect(await kept(NOW + days(31), 10)).toEqual([]);
  expect(store.postMortems.givenUp()).toEqual({ age: 2, room: 2 });
  expect(await namesOf("?search=youngest")).toEqual([]);
});
