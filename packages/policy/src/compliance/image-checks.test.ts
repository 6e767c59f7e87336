import { days } from "@shipkeeper/kit";
import { describe, expect, test } from "vitest";
import { judge, policyWith, running, told } from "../testing/judged.ts";
import { image, imageId, NOW } from "../testing/world.ts";

const withLabels = (name: string, labels: Record<string, string>) => image(name, { labels });

describe("age", () => {
  const policy = policyWith("images: { maxAge: 60d }");

  test("counts from the build, not from when an image came here", () => {
    const pulledNow = image("old:1", { ageDays: 90, memory: { firstSeenAt: NOW } });

    const { found, passed } = told(judge(policy, { images: [pulledNow, image("young:1", { ageDays: 59 })] }));

    expect(found).toEqual({ "old:1": "image-too-old: built 90 days ago (limit 60 days)" });
    expect(passed).toBe("3 of 4");
  });

  test("that nobody knows is a finding of its own, neither old nor young", () => {
    const judgement = judge(policy, {
      images: [image("reproducible:1", { createdAt: 0 }), image("silent:1", { createdAt: undefined })],
    });

    expect(told(judgement).found).toEqual({
      "reproducible:1": "image-age-unknown: no build time that can be believed: it says 1970-01-01 00:00Z",
      "silent:1": "image-age-unknown: no build time that can be believed: it says nothing",
    });
    expect(judgement.tallies).toMatchObject([
      { check: "image-too-old", checked: 0, unknown: 2 },
      { check: "image-age-unknown", checked: 2, passed: 0 },
    ]);
  });

  test("of what runs has a limit of its own, and is told of the container", () => {
    const images = [image("web:1", { ageDays: 90 }), image("idle:1", { ageDays: 90 })];
    const containers = [
      running("web", "web:1"),
      running("stopped", "web:1", { state: "exited" }),
      running("orphan", "gone:1"),
    ];

    const judgement = judge(policyWith("images: { maxRunningAge: 60d }"), { images, containers });

    expect(told(judgement).found).toEqual({
      web: "running-image-too-old: runs web:1, built 90 days ago (limit 60 days)",
    });
    expect(judgement.tallies.at(-1)).toMatchObject({ checked: 1, unknown: 1 });
  });
});

test("an image needs one name from an allowed registry, and short names are names of Docker Hub", () => {
  const policy = policyWith('images: { registries: ["registry.acme.example/*", "docker.io/library/*"] }');
  const images = [
    image("registry.acme.example/shop/web:1"),
    image("nginx:1.27"),
    image("somebody/web:1"),
    image("moved", {
      digests: ["registry.acme.example/web@sha256:1"],
      tags: ["short:1", "evil.example/x:1"],
    }),
    image("built-here:1", { tags: ["localhost:5000/app:dev"] }),
  ];

  expect(told(judge(policy, { images }))).toEqual({
    found: {
      "somebody/web:1":
        "registry-not-allowed: is somebody/web:1, allowed are registry.acme.example/* and docker.io/library/*",
      "localhost:5000/app:dev":
        "registry-not-allowed: is localhost:5000/app:dev, allowed are registry.acme.example/* and docker.io/library/*",
    },
    passed: "3 of 5",
  });
});

describe("bases", () => {
  const policy = policyWith('images: { bases: ["debian:12*", "node:24-*"] }');
  const known = new Map([
    [imageId("deep:1"), [{ names: ["acme/tools:3"] }, { names: ["debian:12-slim", "debian:latest"] }]],
    [imageId("alpine-built:1"), [{ names: ["alpine:3.10"] }]],
  ]);

  test("are found through other bases, by the builder's word, or not at all", () => {
    const images = [
      image("deep:1"),
      image("alpine-built:1"),
      image("labelled:1", { baseName: "docker.io/library/node:24-slim" }),
      image("debian:12"),
      image("nobody-knows:1"),
    ];

    const { found, passed } = told(
      judge(
        policy,
        { images },
        {
          bases: known,
        },
      ),
    );

    expect(Object.keys(found)).toEqual(["alpine-built:1", "nobody-knows:1"]);
    expect(passed).toBe("3 of 5");
  });

  test("are told with what is allowed", () => {
    const images = [image("alpine-built:1"), image("nobody-knows:1")];

    expect(told(judge(policy, { images }, { bases: known })).found).toEqual({
      "alpine-built:1": "base-not-allowed: built on alpine:3.10, allowed are debian:12* and node:24-*",
      "nobody-knows:1":
        "base-not-allowed: nobody knows what it is built on, allowed are debian:12* and node:24-*",
    });
  });

  test("have an age, of which the closest one counts", () => {
    const at = (ageDays: number) => NOW - days(ageDays);
    const bases = new Map([
      [
        imageId("old:1"),
        [
          { names: ["debian:10"], createdAt: at(200) },
          { names: ["x"], createdAt: at(1) },
        ],
      ],
      [imageId("fresh:1"), [{ names: ["debian:12"], createdAt: at(20) }]],
      [imageId("undated:1"), [{ names: ["distroless"], createdAt: 0 }]],
    ]);
    const images = [image("old:1"), image("fresh:1"), image("undated:1"), image("baseless:1")];

    const judgement = judge(policyWith("images: { maxBaseAge: 180d }"), { images }, { bases });

    expect(told(judgement).found).toEqual({
      "old:1": "base-too-old: built on debian:10, which was built 200 days ago (limit 180 days)",
    });
    expect(judgement.tallies).toMatchObject([{ checked: 2, passed: 1, unknown: 2 }]);
  });
});

test("labels must be there and say something", () => {
  const policy = policyWith("images: { labels: [com.acme.owner, com.acme.site] }");
  const images = [
    withLabels("good:1", { "com.acme.owner": "shop", "com.acme.site": "vienna" }),
    withLabels("blank:1", { "com.acme.owner": " ", "com.acme.site": "vienna" }),
    image("bare:1"),
  ];

  expect(told(judge(policy, { images })).found).toEqual({
    "blank:1": "label-missing: lacks label com.acme.owner",
    "bare:1": "label-missing: lacks labels com.acme.owner and com.acme.site",
  });
});

test("the source must be said, and be one of the known", () => {
  const policy = policyWith('images: { sources: ["https://git.acme.example/*"] }');
  const images = [
    image("ours:1", { source: "https://git.acme.example/shop" }),
    image("theirs:1", { source: "https://git.example/x" }),
    image("unsaid:1"),
  ];

  expect(told(judge(policy, { images })).found).toEqual({
    "theirs:1": "source-not-known: built from https://git.example/x, known are https://git.acme.example/*",
    "unsaid:1": "source-not-known: does not say what it was built from, known are https://git.acme.example/*",
  });
});

test("an image without any name is judged only where a container uses it", () => {
  const nameless = image("left-behind", { tags: [] });
  const used = image("used", { tags: [] });
  const containers = [running("job", "used", { state: "exited" })];

  const { tallies } = judge(policyWith("images: { labels: [a] }"), { images: [nameless, used], containers });

  expect(tallies).toMatchObject([{ checked: 1 }]);
});
