import type { ApiRepository, Page, RepositoryState } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

const LOCAL: RepositoryState = {
  name: "local",
  backEnd: "local",
  appendOnly: false,
  offsite: false,
  recoveryKey: true,
};
const OFFSITE: RepositoryState = {
  ...LOCAL,
  name: "offsite",
  backEnd: "rest",
  offsite: true,
  problem: { code: "repository_unreachable", message: "it cannot be reached", since: NOW - 1 },
};
const told = (at: number, ...repositories: RepositoryState[]) => ({
  kind: "repositories" as const,
  at,
  repositories,
});
const ask = async (query = "") =>
  (await collector.ask("GET", `/api/v1/repositories${query}`, { role: "reader" })).json<Page<ApiRepository>>()
    .items;

test("a host's repositories are as it told last; one that is not configured any more is gone", async () => {
  const agent = await collector.enrolHost("web-1");
  await agent.tell(told(NOW, LOCAL, OFFSITE));

  expect(await ask()).toEqual([
    { ...LOCAL, hostId: expect.any(String), host: "web-1" },
    { ...OFFSITE, hostId: expect.any(String), host: "web-1" },
  ]);

  await agent.tell(told(NOW + 2, OFFSITE));
  await agent.tell(told(NOW + 1, LOCAL, OFFSITE));
  expect((await ask()).map(({ name }) => name)).toEqual(["offsite"]);
});

test("people ask for those where something is wrong", async () => {
  const web = await collector.enrolHost("web-1");
  const db = await collector.enrolHost("db-1");
  await web.tell(told(NOW, LOCAL));
  await db.tell(told(NOW, LOCAL, OFFSITE));

  expect((await ask("?problem=true")).map(({ host, name }) => `${host} ${name}`)).toEqual(["db-1 offsite"]);
  expect((await ask("?problem=false&sort=host")).map(({ host }) => host)).toEqual(["db-1", "web-1"]);
  expect(await ask("?host=db-1&repository=offsite")).toHaveLength(1);
});
