import type { ApiIncident, Page } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW, containerId, imageId, incidentEntry } from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const ask = (url: string) => collector.ask("GET", `/api/v1/${url}`, { role: "reader" });
const names = async (url: string) =>
  (await ask(url)).json<Page<ApiIncident>>().items.map(({ host, name }) => `${name} on ${host}`);

test("incidents are narrowed by what people ask for, and those that were part of another are left out", async () => {
  const web = await collector.enrolHost("web-1");
  const db = await collector.enrolHost("db-1");
  await web.tell(
    incidentEntry("shop", { owner: "payments", detectedAt: NOW + 3, handedOverAt: NOW + 9 }),
    incidentEntry("cache", { detectedAt: NOW + 2, ended: "recovered", closedAt: NOW + 50 }),
    incidentEntry("part", { ended: "merged", closedAt: NOW + 1, mergedInto: "another" }),
  );
  await db.tell(
    incidentEntry("all", {
      identity: "host",
      container: undefined,
      sign: "host-storm",
      detectedAt: NOW + 1,
    }),
  );

  expect(await names("incidents")).toEqual(["shop on web-1", "cache on web-1", "db-1 on db-1"]);
  expect(await names("incidents?sort=detectedAt&limit=1")).toEqual(["db-1 on db-1"]);
  expect(await names("incidents?host=db-1")).toEqual(["db-1 on db-1"]);
  expect(await names("incidents?container=shop")).toEqual(["shop on web-1"]);
  expect(await names(`incidents?container=${containerId("shop")}`)).toEqual(["shop on web-1"]);
  expect(await names("incidents?image=of-cache:1")).toEqual(["cache on web-1"]);
  expect(await names(`incidents?image=${imageId("of-cache:1")}`)).toEqual(["cache on web-1"]);
  expect(await names("incidents?owner=payments")).toEqual(["shop on web-1"]);
  expect(await names("incidents?open=false")).toEqual(["cache on web-1"]);
  expect(await names("incidents?open=true&handedOver=false")).toEqual(["db-1 on db-1"]);
  expect(await names("incidents?handedOver=true")).toEqual(["shop on web-1"]);
  expect(await names(`incidents?from=${NOW + 51}`)).toEqual(["shop on web-1", "db-1 on db-1"]);
  expect(await names(`incidents?to=${NOW + 2}`)).toEqual(["cache on web-1", "db-1 on db-1"]);
});

test("one incident can be read by its id, and the list as a table", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(
    incidentEntry("shop", { members: [{ id: "a", name: "web", sign: "unhealthy" }], heals: 2 }),
  );

  const [listed] = (await ask("incidents")).json<Page<ApiIncident>>().items;
  expect((await ask(`incidents/${listed?.id}`)).json()).toEqual(listed);
  expect((await ask("incidents/none")).statusCode).toBe(404);
  const [head, row] = (await ask("incidents?format=csv")).body.split("\r\n");
  expect(head).toMatch(/^hostId,host,name,id,identity,owner,sign,cause,/);
  expect(row).toContain("its health check fails");
});
