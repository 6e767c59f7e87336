import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

test("of what a host's rounds go by the latest word stays, whichever came last", async () => {
  const web = await collector.enrolHost("web-1");
  const db = await collector.enrolHost("db-1");
  const entry = (at: number, standing: object) => ({ kind: "standing", at, standing });

  await web.tell(entry(NOW, { told: "late" }), entry(NOW - 1, { told: "early" }));

  expect(collector.store.hosts.standingOf(web.hostId)).toEqual({ at: NOW, standing: { told: "late" } });
  expect(collector.store.hosts.standingOf(db.hostId)).toBeUndefined();
});
