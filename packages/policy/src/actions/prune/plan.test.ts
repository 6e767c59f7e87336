import { days, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../../guardrails.ts";
import {
  container,
  containerId,
  ended,
  image,
  imageId,
  NOW,
  verdicts,
  worldWith,
} from "../../testing/world.ts";
import { planPrune } from "./plan.ts";
import { pruneSpecSchema } from "./spec.ts";

const plan = (spec: object, world: ReturnType<typeof worldWith>) =>
  planPrune(pruneSpecSchema.parse(spec), world);
const unusedFor14Days = { images: { unusedFor: "14d" } };

test("an image goes when no container used it for long enough, by the agent's own memory", () => {
  const world = worldWith({
    images: [
      image("old:1"),
      image("recent:1", { ageDays: 3 }),
      // Built long ago, pulled a minute ago.
      image("pulled:1", { memory: { firstSeenAt: NOW - MINUTE_MS } }),
      image("was-used:1", { memory: { firstSeenAt: NOW - days(90), lastUsedAt: NOW - days(13) } }),
      // A clock that was wrong when the image came.
      image("future:1", { memory: { firstSeenAt: NOW + days(1) } }),
      image("forgotten:1", { memory: undefined }),
    ],
  });

  expect(verdicts(plan(unusedFor14Days, world))).toEqual({
    "old:1": "remove: unused",
    "recent:1": "keep: used-recently",
    "pulled:1": "keep: just-arrived",
    "was-used:1": "keep: used-recently",
    "future:1": "keep: just-arrived",
    "forgotten:1": "keep: not-remembered",
  });
});

test("the image of a container stays, whatever state the container is in", () => {
  const states = [
    "created",
    "running",
    "paused",
    "restarting",
    "removing",
    "exited",
    "dead",
    "unknown",
  ] as const;
  const world = worldWith({
    images: states.map((state) => image(`${state}:1`)),
    containers: states.map((state) => container(`c-${state}`, { state, imageId: imageId(`${state}:1`) })),
  });

  const planned = plan({ images: { unusedFor: "1d", olderThan: "1d" } }, world).verdicts;

  expect(
    new Set(planned.filter(({ target }) => target.type === "image").map(({ reason }) => reason.why)),
  ).toEqual(new Set(["in-use"]));
});

test("an image stays this time while a container that goes still uses it", () => {
  const world = worldWith({
    images: [image("job:1")],
    containers: [ended("job", { imageId: imageId("job:1") })],
  });

  expect(verdicts(plan({ images: { unusedFor: "1d" }, containers: { exitedFor: "72h" } }, world))).toEqual({
    job: "remove: exited",
    "job:1": "keep: in-use",
  });
});

test("a tag that moved on keeps both images: the container's own, and the one it would be made of anew", () => {
  const world = worldWith({
    images: [image("web:old"), image("web:1"), image("other:1")],
    containers: [container("web", { imageId: imageId("web:old"), image: "web:1" })],
  });

  expect(verdicts(plan(unusedFor14Days, world))).toEqual({
    "web:old": "keep: in-use",
    "web:1": "keep: in-use",
    "other:1": "remove: unused",
  });
});

test("a container whose image id nothing has is taken at its word, by name", () => {
  const world = worldWith({
    images: [image("web:1"), image("cache:latest"), image("other:1")],
    containers: [
      container("web", { imageId: imageId("an id of another store"), image: "web:1" }),
      container("cache", { imageId: imageId("another such id"), image: "cache" }),
    ],
  });

  expect(verdicts(plan(unusedFor14Days, world))).toEqual({
    "other:1": "remove: unused",
    "web:1": "keep: in-use",
    "cache:latest": "keep: in-use",
  });
});

test("nothing goes while the list of containers or images has gaps", () => {
  for (const section of ["containers", "images"] as const) {
    const world = worldWith({
      images: [image("old:1")],
      containers: [ended("job")],
      gaps: [{ section, subject: "abc", error: "timeout" }],
    });

    expect(verdicts(plan({ images: { unusedFor: "1d" }, containers: { exitedFor: "1h" } }, world))).toEqual({
      job: "refuse: inventory-incomplete",
      "old:1": "refuse: inventory-incomplete",
    });
  }
});

test("a gap elsewhere holds nothing up", () => {
  const world = worldWith({ images: [image("old:1")], gaps: [{ section: "networks", error: "timeout" }] });

  expect(verdicts(plan(unusedFor14Days, world))).toEqual({ "old:1": "remove: unused" });
});

test("what the guardrails protect stays, by image name, container name or label", () => {
  const guardrails = guardrailsSchema.parse({
    neverTouch: {
      images: ["registry.acme.example/base/*"],
      containers: ["^postgres-"],
      labels: ["keep=true", "pinned"],
    },
  });
  const world = worldWith(
    {
      images: [
        image("registry.acme.example/base/debian:12"),
        image("kept:1", { labels: { keep: "true" } }),
        image("pinned:1", { labels: { pinned: "" } }),
        image("not-kept:1", { labels: { keep: "false" } }),
      ],
      containers: [ended("postgres-main"), ended("other")],
    },
    { guardrails },
  );

  expect(verdicts(plan({ ...unusedFor14Days, containers: { exitedFor: "1h" } }, world))).toEqual({
    other: "remove: exited",
    "not-kept:1": "remove: unused",
    "postgres-main": "keep: never-touch",
    "registry.acme.example/base/debian:12": "keep: never-touch",
    "kept:1": "keep: never-touch",
    "pinned:1": "keep: never-touch",
  });
});

test("an exception matches any tag, digest or repository of an image", () => {
  const world = worldWith({
    images: [
      image("a:1", { tags: ["a:1", "b/x:2"] }),
      image("c", { digests: ["c@sha256:00"] }),
      image("d:1"),
    ],
  });

  expect(verdicts(plan({ images: { unusedFor: "1d", except: ["b/*", "c"] } }, world))).toEqual({
    "d:1": "remove: unused",
    "a:1": "keep: excepted",
    "c@sha256:00": "keep: excepted",
  });
});

test("dangling images go after two minutes, and a digest is a name", () => {
  const young = image("young", { memory: { firstSeenAt: NOW - 2 * MINUTE_MS + 1 } });
  const old = image("old", { memory: { firstSeenAt: NOW - 2 * MINUTE_MS } });
  const world = worldWith({
    images: [young, old, image("by-digest", { digests: ["x@sha256:00"] }), image("named:1")],
  });
  const name = (id: string) => id.slice(7, 19);

  expect(verdicts(plan({ images: {} }, world))).toEqual({
    [name(old.id)]: "remove: dangling",
    [name(young.id)]: "keep: just-arrived",
    "x@sha256:00": "keep: named",
    "named:1": "keep: named",
  });
  expect(verdicts(plan({ images: { unusedFor: "1d", dangling: false } }, world))).toMatchObject({
    [name(old.id)]: "keep: dangling-off",
    "x@sha256:00": "remove: unused",
  });
});

test("a rule that names seconds means them", () => {
  const world = worldWith({
    images: [
      image("idle:1", { memory: { firstSeenAt: NOW - 5_000 } }),
      image("new:1", { memory: { firstSeenAt: NOW - 4_999 } }),
    ],
  });

  expect(verdicts(plan({ images: { unusedFor: "5s" } }, world))).toEqual({
    "idle:1": "remove: unused",
    "new:1": "keep: just-arrived",
  });
});

test("with an age and an idle time, both must hold; an age that no builder can have meant is none", () => {
  const idle = { firstSeenAt: NOW - days(40) };
  const world = worldWith({
    images: [
      image("both:1", { ageDays: 100, memory: idle }),
      image("built-lately:1", { ageDays: 50, memory: idle }),
      image("used-lately:1", { ageDays: 100, memory: { firstSeenAt: NOW - days(20) } }),
      image("reproducible:1", { createdAt: 0, memory: idle }),
    ],
  });

  expect(verdicts(plan({ images: { unusedFor: "30d", olderThan: "90d" } }, world))).toEqual({
    "both:1": "remove: unused-and-old",
    "built-lately:1": "keep: too-young",
    "used-lately:1": "keep: used-recently",
    "reproducible:1": "keep: age-unknown",
  });
  expect(verdicts(plan({ images: { olderThan: "90d" } }, world))).toEqual({
    "both:1": "remove: old",
    "used-lately:1": "remove: old",
    "built-lately:1": "keep: too-young",
    "reproducible:1": "keep: age-unknown",
  });
});

test("keeps the newest images of a repository even when nothing runs them", () => {
  const world = worldWith({
    images: [
      image("web:1", { ageDays: 90 }),
      image("web:2", { ageDays: 60 }),
      image("web:3", { ageDays: 30 }),
    ],
  });

  expect(verdicts(plan({ images: { unusedFor: "14d", keepNewest: 2 } }, world))).toEqual({
    "web:1": "remove: unused",
    "web:2": "keep: newest-of-repository",
    "web:3": "keep: newest-of-repository",
  });
});

test("an image is kept when it is the newest of any of its repositories, and an unknown build time is the newest", () => {
  const world = worldWith({
    images: [
      image("a:1", { tags: ["a:1", "b:1"], ageDays: 90 }),
      image("a:2", { ageDays: 60 }),
      image("c:1", { ageDays: 20 }),
      image("c:2", { createdAt: 0, ageDays: 50 }),
    ],
  });

  expect(verdicts(plan({ images: { unusedFor: "14d", keepNewest: 1 } }, world))).toEqual({
    "c:1": "remove: unused",
    "a:1": "keep: newest-of-repository",
    "a:2": "keep: newest-of-repository",
    "c:2": "keep: newest-of-repository",
  });
});

test("of two images of one build time the one that the agent met later is the newest, and one it never met is", () => {
  const built = NOW - days(90);
  const known = image("web:1", { createdAt: built, memory: { firstSeenAt: NOW - days(80) } });
  const unknown = image("web:2", { createdAt: built, memory: undefined });

  const rule = { images: { unusedFor: "14d", keepNewest: 1 } };

  expect(verdicts(plan(rule, worldWith({ images: [known, unknown] })))).toEqual({
    "web:1": "remove: unused",
    "web:2": "keep: newest-of-repository",
  });
});

test("an image stays while another is built on it", () => {
  const world = worldWith({ images: [image("base:1"), image("app:1", { parentId: imageId("base:1") })] });

  expect(verdicts(plan(unusedFor14Days, world))).toEqual({
    "app:1": "remove: unused",
    "base:1": "keep: parent-of",
  });
});

test("an image with two tags gets one verdict, which relies on both tags", () => {
  const world = worldWith({ images: [image("web:2", { tags: ["web:2", "web:1"] })] });

  expect(plan(unusedFor14Days, world).verdicts).toMatchObject([
    { target: { name: "web:2" }, decision: "remove", expect: { id: imageId("web:2"), tags: "web:1 web:2" } },
  ]);
});

test("an ended container goes by the time since its end, one that never started by the time since it was made", () => {
  const world = worldWith({
    containers: [
      ended("long-over", { hoursAgo: 100 }),
      // Made ninety days ago, like all of them.
      ended("just-over", { hoursAgo: 1 }),
      ended("no-end", { finishedAt: undefined }),
      ended("dead", { state: "dead" }),
      container("never-started", { state: "created" }),
      container("just-made", { state: "created", createdAt: NOW - HOUR_MS }),
      container("runs"),
    ],
  });

  expect(verdicts(plan({ containers: { exitedFor: "72h" } }, world))).toEqual({
    "never-started": "remove: never-started",
    "long-over": "remove: exited",
    dead: "remove: failed",
    "just-over": "keep: ended-recently",
    "just-made": "keep: ended-recently",
    "no-end": "keep: age-unknown",
  });
});

test("a container that somebody else answers for is left to them", () => {
  const compose = { project: "shop", service: "web", number: "1" };
  const world = worldWith(
    {
      containers: [
        ended("agent"),
        ended("task", { swarm: { service: "s", task: "t" } }),
        ended("pod", { kubernetes: { namespace: "n", pod: "p", container: "c" } }),
        ended("rm", { autoRemove: true }),
        ended("stopped-db", { restartPolicy: { name: "unless-stopped", maximumRetries: 0 } }),
        ended("shop-web-1", { compose }),
        ended("shop-run-1", { compose, labels: { "com.docker.compose.oneoff": "True" } }),
        ended("excepted-1"),
        ended("vpn"),
        container("behind-vpn", {
          privileges: { ...container("x").privileges, networkMode: `container:${containerId("vpn")}` },
        }),
        container("paused", { state: "paused" }),
        container("flapping", { state: "restarting" }),
      ],
    },
    { self: [containerId("agent")] },
  );

  expect(verdicts(plan({ containers: { exitedFor: "1h", except: ["excepted-*"] } }, world))).toEqual({
    "shop-run-1": "remove: exited",
    agent: "keep: self",
    task: "keep: orchestrated",
    pod: "keep: orchestrated",
    rm: "keep: auto-remove",
    "stopped-db": "keep: stopped-service",
    "shop-web-1": "keep: stopped-service",
    "excepted-1": "keep: excepted",
    vpn: "keep: network-of",
    paused: "keep: state",
    flapping: "keep: state",
  });
});

test("a rule that speaks of containers alone leaves images alone, and the other way round", () => {
  const world = worldWith({ images: [image("old:1")], containers: [ended("job")] });

  expect(verdicts(plan({ containers: { exitedFor: "1h" } }, world))).toEqual({
    job: "remove: exited",
    "old:1": "keep: not-in-rule",
  });
  expect(verdicts(plan(unusedFor14Days, world))).toEqual({
    "old:1": "remove: unused",
    job: "keep: not-in-rule",
  });
});

test("equal worlds give equal plans, in whatever order the engine lists them", () => {
  const images = ["a:1", "b:1", "c:1", "d:1"].map((name) => image(name));

  const plans = [images, images.toReversed()].map((listed) =>
    plan(unusedFor14Days, worldWith({ images: listed })),
  );

  expect(plans[0]).toEqual(plans[1]);
});
