import type { Verdict } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { fakeRegistry, type FakeRegistry } from "../registry/testing/fake-registry.ts";
import { applyPlan } from "./apply-plan.ts";
import { registryHandler } from "./registry.ts";
import { RUN_ID, actWorld, planOf, summary } from "./testing/act-world.ts";

function remove(digest: string, ...tags: string[]): Verdict {
  const target = { type: "registry-tag", id: `r/web@${digest}`, name: `web:${tags[0] ?? digest}` } as const;
  const expect = { registry: "main", repository: "web", digest, tags: tags.join(" ") };
  return { target, decision: "remove", reason: { why: "old" }, expect, bytes: 700 };
}

/** Applies the steps and says how each ended. */
async function apply(registry: FakeRegistry, ...steps: Verdict[]) {
  const { context } = actWorld({ registries: new Map([["main", registry.client]]) });
  const { outcomes } = await applyPlan(planOf(...steps), registryHandler, context);
  return outcomes;
}

test("deletes a digest with all of its tags, and says what went", async () => {
  const registry = await fakeRegistry();
  const old = registry.image("web", ["1", "1.0"]);
  registry.image("web", ["2"]);

  const [outcome] = await apply(registry, remove(old, "1", "1.0"));

  expect(outcome).toMatchObject({ status: "done", facts: { tags: 2, reclaimableBytes: 700 } });
  expect(registry.tags("web")).toEqual(["2"]);
  expect(registry.requests.filter((line) => line.startsWith("DELETE"))).toEqual([
    `DELETE /v2/web/manifests/${old}`,
  ]);
});

test("what changed since the plan is left alone: a tag that moved, one that came, and one that went", async () => {
  const registry = await fakeRegistry();
  const moved = registry.image("web", ["1"]);
  const joined = registry.image("web", ["2", "stable"]);
  const less = registry.image("web", ["3"]);
  registry.image("web", ["1"], { name: "pushed since" });

  const outcomes = await apply(registry, remove(moved, "1"), remove(joined, "2"), remove(less, "3", "3.0"));

  expect(outcomes.map(({ status, why, facts }) => [status, why, facts?.["changed"]])).toEqual(
    ["1", "2", "3"].map(() => ["skipped", "changed-since-plan", "tags"]),
  );
  expect(registry.requests.some((line) => line.startsWith("DELETE"))).toBe(false);
});

test("a part of an index that is there, also of one that came after the first step, stays", async () => {
  const registry = await fakeRegistry();
  const [one, two] = ["one", "two"].map((name) => registry.image("web", [], { name }));
  const first = registry.image("web", ["1"]);
  registry.index("web", ["multi"], [one ?? ""]);
  registry.intercept((request) => {
    if (request.method === "DELETE") registry.index("web", ["late"], [two ?? ""]);
    return false;
  });

  const outcomes = await apply(registry, remove(first, "1"), remove(one ?? ""), remove(two ?? ""));

  expect(outcomes.map(({ status, facts }) => `${status} ${String(facts?.["changed"])}`)).toEqual([
    "done undefined",
    "skipped parts",
    "skipped parts",
  ]);
});

test("an index goes, and then its part", async () => {
  const registry = await fakeRegistry();
  const part = registry.image("web", []);
  const index = registry.index("web", ["1"], [part]);

  const outcomes = await apply(registry, remove(index, "1"), remove(part));

  expect(outcomes.map(({ status }) => status)).toEqual(["done", "done"]);
});

test("what is gone already, what the registry keeps, and a registry that is not configured", async () => {
  const registry = await fakeRegistry();
  const kept = registry.image("web", ["1"]);
  registry.intercept(
    (request, response) => request.method === "DELETE" && (response.writeHead(202).end(), true),
  );
  const elsewhere = { ...remove(kept, "2"), expect: { ...remove(kept, "2").expect, registry: "moon" } };

  const outcomes = await apply(
    registry,
    remove(`sha256:${"0".repeat(64)}`, "0"),
    remove(kept, "1"),
    elsewhere,
  );

  expect(summary(outcomes)).toEqual({
    "web:0": "skipped: already-gone",
    "web:1": "failed: the registry took the deletion of web:1 and still has it",
    "web:2": "failed: this host's configuration names no registry moon",
  });
});

test("what a crash left open is settled by looking", async () => {
  const registry = await fakeRegistry();
  const there = registry.image("web", ["1"]);
  const { context, engine } = actWorld({ registries: new Map([["main", registry.client]]) });
  const settle = (verdict: Verdict) =>
    registryHandler.settle({ position: 0, verdict, startedAt: 0 }, { ...context, engine, runId: RUN_ID });

  expect(await settle(remove(there, "1"))).toEqual({ status: "skipped", why: "cut-off" });
  expect(await settle(remove(`sha256:${"0".repeat(64)}`, "0"))).toEqual({
    status: "done",
    why: "found-gone",
  });
});
