import { days } from "@shipkeeper/kit";
import type { ApiImage, ApiRunDetail, Page, Problem, SamplesReply } from "@shipkeeper/protocol";
import { createSigningKey, sealBundle } from "@shipkeeper/runtime";
import { plainVolume } from "@shipkeeper/model/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  NOW,
  bundle,
  container,
  containerId,
  image,
  inventoryEntry,
  pruneRound,
  pruneRun,
  sampleChunk,
} from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const read = async <T>(url: string): Promise<T> =>
  (await collector.ask("GET", `/api/v1/${url}`, { role: "reader" })).json<T>();
const names = async (url: string) => (await read<Page<{ name: string }>>(url)).items.map(({ name }) => name);

test("every page of a list together is the list, whatever it is ordered by", async () => {
  const agent = await collector.enrolHost("web-1");
  const images = Array.from({ length: 23 }, (_, index) =>
    image(`app:${index}`, { sizeBytes: 100 * (index % 5), ...(index % 3 === 0 ? {} : { ageDays: index }) }),
  );
  await agent.tell(inventoryEntry({ images }));
  const all = images.map(({ tags: [tag = ""] }) => tag).sort();

  for (const sort of ["name", "-name", "sizeBytes", "-sizeBytes", "createdAt", "-unusedSince", "host"]) {
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = await read<Page<ApiImage>>(`images?limit=5&sort=${sort}${cursor}`);
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
    } while (cursor !== "");
    expect([...seen].sort(), sort).toEqual(all);
    if (sort === "-name") expect(seen).toEqual(all.toReversed());
  }
});

test("lists are narrowed by what people ask for", async () => {
  const agent = await collector.enrolHost("web-1");
  const other = await collector.enrolHost("db-1");
  await collector.ask("POST", "/api/v1/policies", { body: sealBundle(bundle(1), createSigningKey()) });
  const containers = [
    container("pay-api", { state: "exited" }),
    container("100%_sure", { labels: { "com.acme.owner": "search" } }),
    container("shop", {
      imageId: image("web:1").id,
      health: { status: "unhealthy", failingStreak: 4, log: [] },
    }),
  ];
  await agent.tell(
    inventoryEntry({ containers, images: [image("web:1"), image("web:2")], volumes: [plainVolume("data")] }),
  );
  await other.tell(inventoryEntry({ containers: [container("postgres")] }));

  expect(await names("containers?host=db-1")).toEqual(["postgres"]);
  expect(await names(`containers?host=${other.hostId}`)).toEqual(["postgres"]);
  expect(await names("containers?state=exited")).toEqual(["pay-api"]);
  expect(await names("containers?health=unhealthy")).toEqual(["shop"]);
  expect(await names("containers?owner=search")).toEqual(["100%_sure"]);
  expect(await names("containers?owner=payments")).toEqual(["pay-api"]);
  expect(await names("containers?unowned=true")).toEqual(["postgres", "shop"]);
  expect(await names("containers?search=0%25_s")).toEqual(["100%_sure"]);
  expect(await names("containers?search=%25")).toEqual(["100%_sure"]);
  expect(await names("images?used=true")).toEqual(["web:1"]);
  expect(await names("images?used=false")).toEqual(["web:2"]);
  expect(await names("volumes?backedUp=false")).toEqual(["data"]);
  expect((await read<Page<unknown>>("hosts?label=environment%3Dproduction")).items).toHaveLength(2);
  expect((await read<Page<unknown>>("hosts?state=silent")).items).toHaveLength(0);
});

test("owners change with the policy, also for what was there before", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(inventoryEntry({ containers: [container("pay-api"), container("shop")] }));
  expect(await names("containers?unowned=true")).toEqual(["pay-api", "shop"]);

  await collector.ask("POST", "/api/v1/policies", { body: sealBundle(bundle(1), createSigningKey()) });
  await expect.poll(() => names("containers?owner=payments")).toEqual(["pay-api"]);

  const owners = await read<{ items: object[] }>("owners");
  expect(owners.items).toMatchObject([
    { owner: "payments", mail: "payments@acme.example", containers: 1 },
    { hosts: 1, containers: 1 },
  ]);
});

test("a run shows every verdict of its plan with the reason in words, and what came of it", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell({ kind: "round", round: pruneRound("a") }, ...pruneRun("a"));

  const { items } = await read<Page<{ id: string }>>("runs?result=ok&action=prune");
  const run = await read<ApiRunDetail>(`runs/${items[0]?.id}`);

  expect(run).toMatchObject({ policy: "production", rule: "host-cache", result: "ok", freedBytes: 100e6 });
  expect(run.steps).toEqual({ planned: 1, done: 1, skipped: 0, failed: 0, unknown: 0 });
  expect(
    run.verdicts.map(({ decision, target, explanation }) => `${decision} ${target.name}: ${explanation}`),
  ).toEqual(["remove web:1: unused for 90 days (limit 14 days)", "keep web:2: newest of its repository"]);
  expect(run.outcome?.steps).toHaveLength(1);
});

test("samples come back as columns, thinned to the step that was asked for", async () => {
  const agent = await collector.enrolHost("web-1");
  const chunk = sampleChunk("shop", { count: 12 });
  await agent.send({
    entries: [{ seq: 1, body: { kind: "samples", head: chunk.head, blob: 0 } }],
    blobs: [chunk.body],
  });
  const span = `host=web-1&from=${NOW}&to=${NOW + days(1)}`;

  const all = await read<SamplesReply>(`samples?${span}`);
  const thin = await read<SamplesReply>(
    `samples?${span}&step=60&metrics=pids&subject=${containerId("shop")}`,
  );
  const csv = await collector.ask("GET", `/api/v1/samples?${span}&step=60&metrics=pids&format=csv`);

  expect(all.series[0]?.times).toHaveLength(12);
  expect(thin.series).toEqual([
    {
      subject: containerId("shop"),
      name: "shop",
      times: [NOW + 50_000, NOW + 110_000],
      columns: { pids: [5, 11] },
    },
  ]);
  expect(csv.body.split("\r\n")[1]).toBe(`${containerId("shop")},shop,${NOW + 50_000},pids,5`);
});

test("a table never opens a formula, and keeps commas, quotes and line ends inside their cell", async () => {
  const agent = await collector.enrolHost("web-1");
  const hostile = ['=cmd|"/c calc"!A1', "+1", "-1", "@SUM(A1)", 'a,"b"\r\nc'];
  await agent.tell(inventoryEntry({ volumes: hostile.map((name) => plainVolume(name)) }));

  const csv = await collector.ask("GET", "/api/v1/volumes?limit=3", { headers: { accept: "text/csv" } });
  const rest = await collector.ask("GET", /<(.+)>/.exec(String(csv.headers["link"]))?.[1] ?? "", {
    headers: { accept: "text/csv" },
  });

  expect(csv.headers["content-type"]).toContain("text/csv");
  expect(csv.body).toContain(",'+1,");
  expect(csv.body).toContain(",'-1,");
  expect(csv.body).toContain(`,"'=cmd|""/c calc""!A1",`);
  expect(rest.body).toContain(",'@SUM(A1),");
  expect(rest.body).toContain(`,"a,""b""\r\nc",`);
});

test("hostile names come back as the text they are", async () => {
  const agent = await collector.enrolHost("web-1");
  const hostile = [
    "<script>alert(1)</script>",
    "'; DROP TABLE container; --",
    "\u202egnp.exe",
    "\r\nset-cookie: a=b",
  ];
  await agent.tell(inventoryEntry({ containers: hostile.map((name) => container(name)) }));

  const reply = await collector.ask("GET", "/api/v1/containers");

  expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(reply.headers["x-content-type-options"]).toBe("nosniff");
  expect((await names("containers")).sort()).toEqual(hostile.sort());
  for (const name of hostile)
    expect(await names(`containers?search=${encodeURIComponent(name)}`)).toEqual([name]);
});

test("what cannot be understood is answered with a problem that says why", async () => {
  const code = async (url: string) => {
    const reply = await collector.ask("GET", url);
    expect(reply.headers["content-type"], url).toContain("application/problem+json");
    return `${reply.statusCode} ${reply.json<Problem>().code}`;
  };

  expect(await code("/api/v1/hosts?limit=501")).toBe("400 invalid_input");
  expect(await code("/api/v1/hosts?limit=1&limit=2")).toBe("400 invalid_input");
  expect(await code("/api/v1/hosts?sort=hostname;DROP")).toBe("400 invalid_input");
  expect(await code("/api/v1/hosts?surprise=1")).toBe("400 invalid_input");
  expect(await code("/api/v1/hosts?cursor=nonsense")).toBe("400 invalid_input");
  expect(await code(`/api/v1/hosts?cursor=${btoa('["-hostname","a","b"]')}`)).toBe("400 invalid_input");
  expect(await code(`/api/v1/hosts?cursor=${btoa('["hostname",{},[]]')}`)).toBe("400 invalid_input");
  expect(await code("/api/v1/hosts/%00")).toBe("404 not_found");
  expect(await code("/api/v1/hosts/__proto__")).toBe("404 not_found");
  expect(await code("/api/v1/hosts/%ff")).toMatch(/^400 /);
  expect(await code("/api/v1/runs/nothing")).toBe("404 not_found");
  expect(await code("/api/v1/policies/current")).toBe("404 not_found");
  expect(await code("/api/v1/samples?host=nobody&from=0&to=1")).toBe("404 not_found");
  expect(await code("/nowhere")).toBe("404 not_found");

  const post = async (payload: string, type = "application/json") => {
    const { token } = collector.store.apiTokens.make({ name: "x", role: "admin", createdBy: "test" }, NOW);
    const headers = { authorization: `Bearer ${token}`, "content-type": type };
    return (await collector.app.inject({ method: "POST", url: "/api/v1/tokens", headers, payload }))
      .statusCode;
  };
  expect(await post("{")).toBe(400);
  expect(await post('{"__proto__":{"role":"admin"}}')).toBe(400);
  expect(await post("[".repeat(100_000))).toBe(400);
  expect(await post('{"name":"a","role":"god"}')).toBe(400);
  expect(await post("name=a", "text/plain")).toBe(415);
  expect(await post(JSON.stringify({ name: "a".repeat(300_000), role: "admin" }))).toBe(413);
});

test("policies: the first push makes its key the trusted one, and revisions follow each other", async () => {
  const key = createSigningKey();
  const push = async (raw: object) => {
    const reply = await collector.ask("POST", "/api/v1/policies", { role: "operator", body: raw });
    return reply.statusCode === 201 ? 201 : `${reply.statusCode} ${reply.json<Problem>().code}`;
  };

  expect(await push(sealBundle(bundle(2), key))).toBe("409 revision_conflict");
  expect(await push(sealBundle(bundle(1), key))).toBe(201);
  expect(await push(sealBundle(bundle(1), key))).toBe("409 revision_conflict");
  expect(await push(sealBundle(bundle(2), createSigningKey()))).toBe("422 bundle_refused");
  expect(await push({ ...sealBundle(bundle(2), key), payload: JSON.stringify(bundle(3)) })).toBe(
    "422 bundle_refused",
  );
  expect(await push(sealBundle({ ...bundle(2), surprise: 1 } as never, key))).toBe("422 bundle_refused");
  expect(await push({})).toBe("400 invalid_input");
  expect(await push(sealBundle(bundle(2), key))).toBe(201);

  const { items } = await read<Page<object>>("policies");
  expect(items).toMatchObject([
    { revision: 2, current: true, pushedBy: "operator" },
    { revision: 1, current: false, policies: ["production"] },
  ]);
  expect(await read("policies/1")).toMatchObject({
    bundle: { revision: 1 },
    signed: { publicKey: key.publicKey },
  });
});

test("a collector that is told which keys to trust takes no other, not even first", async () => {
  await collector.close();
  collector = await startTestCollector({ configuredKeys: ["0".repeat(64)] });

  const reply = await collector.ask("POST", "/api/v1/policies", {
    body: sealBundle(bundle(1), createSigningKey()),
  });

  expect(reply.json<Problem>().code).toBe("bundle_refused");
});

test("the API describes itself completely", async () => {
  const reply = await collector.app.inject("/api/openapi.json");
  const document = reply.json<{ openapi: string; paths: Record<string, Record<string, Operation>> }>();
  interface Operation {
    summary?: string;
    parameters?: { in: string; name: string }[];
    responses: Record<string, unknown>;
  }

  expect(document.openapi).toBe("3.1.0");
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary, parameters = [], responses }] of Object.entries(methods)) {
      const at = `${method} ${path}`;
      expect(summary, at).toBeTruthy();
      expect(Object.keys(responses).length, at).toBeGreaterThanOrEqual(2);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(
        parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name),
        at,
      ).toEqual(inPath);
    }
  }
  for (const [, pointer = ""] of reply.body.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = pointer
      .split("/")
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
    expect(target, pointer).toBeTypeOf("object");
  }
});

test("whoever watches the collector gets health and figures", async () => {
  await collector.enrolHost("web-1");

  const metrics = (await collector.app.inject("/metrics")).body;

  expect((await collector.app.inject("/health/live")).json()).toEqual({ status: "ok" });
  expect((await collector.app.inject("/health/ready")).json()).toEqual({ status: "ok" });
  expect(metrics).toContain('shipkeeper_hosts{state="new"} 1');
  expect(metrics).not.toContain("web-1");
});
