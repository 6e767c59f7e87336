import { MINUTE_MS } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { World } from "../../round/world.ts";
import { bystanders, healthy, planHealing, tries, withSignals, withTries } from "../../testing/healing.ts";
import { container, ended, NOW, unhealthy, verdicts, worldWith } from "../../testing/world.ts";

/** Who needs whom, by the label of compose, in one project. */
function needing(one: Container, ...needed: string[]): Container {
  const depends = needed
    .map((name) => (name.includes(":") ? name : `${name}:service_healthy:true`))
    .join(",");
  return ofProject({ ...one, labels: { ...one.labels, "com.docker.compose.depends_on": depends } });
}

const ofProject = (one: Container): Container => ({
  ...one,
  compose: { project: "shop", service: one.name, number: "1" },
});

const sickFor = (name: string, forSeconds = 90) => ofProject(unhealthy(name, { forSeconds }));

function told(world: World): Record<string, string> {
  const all = planHealing(world).verdicts.filter(({ reason }) => reason.why !== "healthy");
  return Object.fromEntries(
    all.map(({ target, decision, reason }) => {
      const { why, root, rootIs } = reason as { why: string; root?: { name: string }; rootIs?: string };
      return [
        target.name,
        root === undefined ? `${decision}: ${why}` : `${decision}: ${root.name} ${rootIs}`,
      ];
    }),
  );
}

const worldOf = (...containers: Container[]) => worldWith({ containers: [...containers, ...bystanders()] });

test("ten containers that fall ill with their database wait for it, and it is healed first", () => {
  const webs = Array.from({ length: 10 }, (_, index) => needing(unhealthy(`web-${index}`), "db"));

  const found = told(worldOf(...webs, sickFor("db")));

  expect(found["db"]).toBe("restart: unhealthy");
  expect(Object.values(found).filter((one) => one === "wait: db sick")).toHaveLength(10);
});

test("a dependency counts through those that are well, or say nothing of themselves", () => {
  const api = needing(container("api"), "db");

  expect(told(worldOf(needing(unhealthy("web"), "api"), api, sickFor("db")))).toMatchObject({
    web: "wait: db sick",
    db: "restart: unhealthy",
  });
});

test("a dependent that is not sure to be sick waits for its root already", () => {
  expect(told(worldOf(needing(unhealthy("web", { forSeconds: 1 }), "db"), sickFor("db")))).toMatchObject({
    web: "wait: db sick",
  });
});

test("every way to depend is known: compose old and new, namespaces and volumes of others, a label of its own", () => {
  const db = sickFor("db");
  const labelled = (name: string, labels: Record<string, string>) => ofProject(unhealthy(name, { labels }));
  const living = (name: string, modes: Partial<Container["privileges"]>) =>
    unhealthy(name, { privileges: { ...db.privileges, ...modes } });

  expect(
    told(
      worldOf(
        db,
        labelled("old", { "com.docker.compose.depends_on": "cache, db" }),
        labelled("own", { "shipkeeper.depends-on": "db" }),
        living("net", { networkMode: `container:${db.id}` }),
        living("pid", { pidMode: "container:db" }),
        living("ipc", { ipcMode: "container:db" }),
        unhealthy("volumes", { volumesFrom: ["db"] }),
        labelled("job", { "com.docker.compose.depends_on": "db:service_completed_successfully:false" }),
      ),
    ),
  ).toEqual({
    db: "restart: unhealthy",
    old: "wait: db sick",
    own: "wait: db sick",
    net: "wait: db sick",
    pid: "wait: db sick",
    ipc: "wait: db sick",
    volumes: "wait: db sick",
    job: "restart: unhealthy",
  });
});

test("a service of several containers serves as long as one of them is well", () => {
  const replica = (one: Container, number: string): Container => ({
    ...one,
    compose: { project: "shop", service: "db", number },
  });
  const web = needing(unhealthy("web"), "db");
  const sickOne = replica(unhealthy("db-1"), "1");

  expect(told(worldOf(web, sickOne, replica(healthy("db-2"), "2")))["web"]).toBe("restart: unhealthy");
  expect(told(worldOf(web, sickOne, replica(unhealthy("db-2"), "2")))["web"]).toMatch(/^wait: db-/);
});

test("in a circle the one that fell ill first is the root", () => {
  const [a, b, c] = [
    needing(unhealthy("a", { forSeconds: 100 }), "b"),
    needing(unhealthy("b", { forSeconds: 300 }), "c"),
    needing(unhealthy("c", { forSeconds: 200 }), "a"),
  ];

  expect(told(worldOf(a, b, c))).toEqual({
    b: "restart: unhealthy",
    c: "wait: b sick",
    a: "wait: b sick",
  });
  expect(told(worldOf(needing(unhealthy("self"), "self")))).toEqual({ self: "restart: unhealthy" });
});

test("a dependency that does not run is the root, unless it is a job that did its work", () => {
  const web = needing(unhealthy("web"), "db");
  const gone = ofProject(ended("db", { exitCode: 0 }));

  expect(told(worldOf(web, ofProject(ended("db", { exitCode: 1 })))).web).toBe("wait: db not-running");
  expect(told(worldOf(web, gone)).web).toBe("restart: unhealthy");
  expect(
    told(
      withSignals(worldOf(web, gone), {
        touches: new Map([[gone.id as string, { at: NOW - MINUTE_MS, what: "stop" as const }]]),
      }),
    ).web,
  ).toBe("wait: db not-running");
  expect(told(worldOf(web, ofProject(container("db", { state: "paused" })))).web).toBe(
    "wait: db not-running",
  );
});

test("those who depend on a healed root have their own time to follow, counted from its health", () => {
  const web = needing(unhealthy("web", { forSeconds: 200 }), "db");
  const answer = (secondsAgo: number, exitCode: number) => ({
    startedAt: NOW - secondsAgo * 1_000,
    endedAt: NOW - secondsAgo * 1_000,
    exitCode,
    output: "",
  });
  const db = (facts: Partial<Container>) => ofProject(healthy("db", facts));
  const starting = db({
    startedAt: NOW - 10_000,
    health: { status: "starting", failingStreak: 0, log: [] },
  });
  const wellFor = (seconds: number, startedAgo = seconds + 20) =>
    db({
      startedAt: NOW - startedAgo * 1_000,
      health: { status: "healthy", failingStreak: 0, log: [answer(seconds + 5, 1), answer(seconds, 0)] },
    });
  const recovered = db({
    health: { status: "healthy", failingStreak: 0, log: [answer(70, 1), answer(65, 1), answer(60, 0)] },
  });

  expect(told(withTries(worldOf(web, starting), { db: tries([11_000, "pending"]) })).web).toBe(
    "wait: db starting",
  );
  // Its check needs 75 s to tell.
  expect(told(worldOf(web, wellFor(40, 70))).web).toBe("wait: db recovered");
  expect(told(worldOf(web, wellFor(40, 80))).web).toBe("restart: unhealthy");
  expect(told(worldOf(web, recovered)).web).toBe("wait: db recovered");
  expect(told(worldOf(web, db({ startedAt: NOW - 250_000 }))).web).toBe("restart: unhealthy");
});

test("ten dependents of one sick database are no storm, ten sick ones that nobody links are", () => {
  const linked = Array.from({ length: 10 }, (_, index) => needing(unhealthy(`web-${index}`), "db"));
  const alone = Array.from({ length: 10 }, (_, index) => unhealthy(`web-${index}`));

  expect(told(worldWith({ containers: [...linked, sickFor("db")] })).db).toBe("restart: unhealthy");
  expect(verdicts(planHealing(worldWith({ containers: alone })))["web-0"]).toBe("wait: host-storm");
});

test("those behind a database wait for it while it stands still between the stop and the start of its try", () => {
  const stopped = { ...unhealthy("db"), state: "exited" as const, exitCode: 0, finishedAt: NOW };
  const webs = Array.from({ length: 10 }, (_, index) =>
    unhealthy(`web-${index}`, { labels: { "shipkeeper.depends-on": "db" } }),
  );

  const found = told(
    withTries(worldWith({ containers: [stopped, ...webs] }), { db: tries([500, "pending"]) }),
  );

  expect(Object.values(found).filter((one) => one === "wait: db starting")).toHaveLength(10);
});
