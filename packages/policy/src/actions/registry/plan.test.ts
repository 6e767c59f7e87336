import { days, HOUR_MS } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { isStep } from "../action.ts";
import { guardrailsSchema } from "../../guardrails.ts";
import type { RegistryManifest } from "../../round/outside.ts";
import type { World } from "../../round/world.ts";
import { digestOf, manifest, registryWorld, type RegistryFacts } from "../../testing/registry.ts";
import { container, image, imageId, NOW, verdicts } from "../../testing/world.ts";
import { planRegistry } from "./plan.ts";
import { registrySpecSchema, type RegistrySpec } from "./spec.ts";

const RULE = {
  at: "main",
  host: "tools-1",
  repositories: ["*"],
  olderThan: "90d",
  keepNewest: 0,
  limits: { share: "100%" },
};
const spec = (keys: object = {}): RegistrySpec => registrySpecSchema.parse({ ...RULE, ...keys });

const plan = (world: World, keys: object = {}) => verdicts(planRegistry(spec(keys), world, "lab/cleanup"));
/** Of the one repository `web`. */
const planWeb = (manifests: readonly RegistryManifest[], keys: object = {}, facts: RegistryFacts = {}) =>
  plan(registryWorld({ web: manifests }, facts), keys);

test("by default the age counts from when the agent first saw the tag, whatever the builder says", () => {
  const pushedLately = manifest("new", { ageDays: 900, since: NOW - days(2) });
  const builtLately = manifest("odd", { ageDays: 100, createdAt: NOW - days(2) });

  expect(planWeb([manifest("1"), pushedLately, builtLately])).toEqual({
    "web:1": "remove: old",
    "web:odd": "remove: old",
    "web:new": "keep: too-young",
  });
  expect(planWeb([manifest("1"), pushedLately, builtLately], { by: "created" })).toEqual({
    "web:new": "remove: old",
    "web:1": "remove: old",
    "web:odd": "keep: too-young",
  });
});

test("a build time that cannot be true is no age, and what was pushed an hour ago may be at work", () => {
  const made = [
    manifest("1970", { createdAt: 0 }),
    manifest("none", { createdAt: undefined }),
    manifest("retagged", { since: NOW - HOUR_MS + 1 }),
  ];

  expect(planWeb(made, { by: "created", olderThan: "1h" })).toEqual({
    "web:1970": "keep: age-unknown",
    "web:none": "keep: age-unknown",
    "web:retagged": "keep: just-arrived",
  });
});

test("all tags of a digest go together, and one tag that is excepted keeps them all", () => {
  expect(planWeb([manifest("1 1.0 old"), manifest("2 stable")], { except: ["*:stable"] })).toEqual({
    "web:1, :1.0, :old": "remove: old",
    "web:2, :stable": "keep: excepted",
  });
  const [step] = planRegistry(
    spec(),
    registryWorld({ web: [manifest("1 1.0 old")] }),
    "lab/cleanup",
  ).verdicts;
  expect(step?.expect).toEqual({
    registry: "main",
    repository: "web",
    digest: digestOf("1 1.0 old"),
    tags: "1 1.0 old",
  });
});

test("the newest by creation stay, also all of those that are equally old at the border", () => {
  const made = [100, 200, 300, 300, 400].map((ageDays, index) => manifest(`v${index}`, { ageDays }));

  const kept = planWeb(made, { keepNewest: 3 });

  expect(kept).toMatchObject({
    "web:v0": "keep: newest-of-repository",
    "web:v2": "keep: newest-of-repository",
    "web:v3": "keep: newest-of-repository",
    "web:v4": "remove: old",
  });
});

test("what is excepted, or only a signature, does not count among the newest", () => {
  const signature = manifest("sha256-1.sig", { ageDays: 95, attachedTo: digestOf("gone") });
  const made = [
    signature,
    manifest("stable", { ageDays: 96 }),
    manifest("b1", { ageDays: 97 }),
    manifest("b0", { ageDays: 98 }),
  ];

  expect(planWeb(made, { keepNewest: 1, except: ["*:stable"] })).toEqual({
    "web:b0": "remove: old",
    "web:sha256-1.sig": "remove: old",
    "web:stable": "keep: excepted",
    "web:b1": "keep: newest-of-repository",
  });
});

test("unless 0 is written, a repository never becomes empty", () => {
  const unknown = [manifest("a", { createdAt: 0 }), manifest("b", { createdAt: 0, ageDays: 200 })];

  expect(planWeb(unknown, { keepNewest: 1 })).toEqual({
    "web:a": "keep: newest-of-repository",
    "web:b": "remove: old",
  });
  expect(registrySpecSchema.parse({ ...RULE, keepNewest: undefined }).keepNewest).toBe(10);
});

test("what a host of the fleet held lately stays, by whichever digest it knows it", () => {
  const made = [
    manifest("config"),
    manifest("manifest"),
    manifest("index", { parts: [digestOf("arm")] }),
    manifest("past"),
  ];
  const used = {
    [imageId("config of config")]: NOW - days(29),
    [digestOf("manifest")]: NOW,
    [digestOf("arm")]: NOW - days(1), // a part that the registry itself does not have
    [digestOf("past")]: NOW - days(31),
  };

  expect(planWeb(made, { keepUsedWithin: "30d" }, { used })).toEqual({
    "web:past": "remove: old",
    "web:config": "keep: used-by-fleet",
    "web:manifest": "keep: used-by-fleet",
    "web:index": "keep: used-by-fleet",
  });
});

test("what this very host has stays, even where the collector has not heard of it", () => {
  const world = registryWorld({ web: [manifest("pulled"), manifest("running"), manifest("old")] });
  const pulled = image("web:pulled", { digests: [`registry.example/web@${digestOf("pulled")}`] });
  const running = container("app", { imageId: imageId("config of running") });
  const inventory = { ...world.inventory, images: [pulled], containers: [running] };

  expect(plan({ ...world, inventory })).toEqual({
    "web:old": "remove: old",
    "web:pulled": "keep: used-here",
    "web:running": "keep: used-here",
  });
});

test.each([
  ["missing", undefined],
  ["missing", { at: NOW, count: 0, mostCount: 100 }],
  ["stale", { at: NOW - days(1) - 1, count: 100, mostCount: 100 }],
  ["stale", { at: NOW + 1, count: 100, mostCount: 100 }],
  ["shorter", { at: NOW, count: 79, mostCount: 100 }],
] as const)(
  "while the fleet's list is %s nothing is deleted, and the rest keeps its own reasons",
  (why, fleet) => {
    const facts = { fleet: fleet && { ...fleet, usedAt: new Map() } };

    expect(planWeb([manifest("1"), manifest("2", { ageDays: 2 })], {}, facts)).toEqual({
      "web:1": `refuse: fleet-list-${why}`,
      "web:2": "keep: too-young",
    });
  },
);

test("four fifths of the longest list are enough", () => {
  const fleet = { at: NOW, count: 80, mostCount: 100, usedAt: new Map() };

  expect(planWeb([manifest("1")], {}, { fleet })).toEqual({ "web:1": "remove: old" });
});

test("a hole in this host's own inventory, or in the listing, allows nothing", () => {
  const world = registryWorld({ web: [manifest("1")], api: [manifest("1")] });
  const inventory = { ...world.inventory, gaps: [{ section: "images" as const, error: "timeout" }] };
  const [web, api] = world.outside?.registries.get("main")?.repositories ?? [];
  const partial = { repositories: [{ ...web!, problem: "timeout" }, api!] };

  expect(plan({ ...world, inventory })["web:1"]).toBe("refuse: inventory-incomplete");
  expect(planWeb([manifest("1")], {}, { listing: { problem: "timeout" } })).toEqual({
    main: "refuse: listing-incomplete",
  });
  expect(planWeb([], {}, { listing: partial })).toEqual({
    "api:1": "refuse: listing-incomplete",
    "web:1": "refuse: listing-incomplete",
  });
  // Of repositories that the rule is not about, no list is needed.
  expect(plan(registryWorld({}, { listing: partial }), { repositories: ["api"] })).toEqual({
    "api:1": "remove: old",
  });
});

test("only the host that the rule names acts, by its name or its id; a registry that was not looked at is refused", () => {
  const world = registryWorld({ web: [manifest("1")] });

  expect(plan(world, { host: "tools-2" })).toEqual({ main: "keep: other-host" });
  expect(plan(world, { host: world.hostId })).toEqual({ "web:1": "remove: old" });
  expect(plan(world, { at: "moon" })).toEqual({ moon: "refuse: not-listed" });
  expect(plan({ ...world, outside: undefined })).toEqual({ main: "refuse: not-listed" });
});

test("an index goes before those of its parts that nothing else holds, and one that stays keeps all of its parts", () => {
  const [amd, arm, shared] = ["amd", "arm", "shared"].map((name) => manifest("", { name }));
  const parts = [amd!, arm!, shared!];
  const old = manifest("old", { parts: parts.map(({ digest }) => digest) });
  const young = manifest("young", { ageDays: 1, parts: [digestOf("shared"), digestOf("tagged")] });

  const planned = planRegistry(
    spec(),
    registryWorld({ web: [...parts, manifest("tagged"), old, young] }),
    "lab/cleanup",
  );

  expect(planned.verdicts.filter(isStep).map(({ target, reason }) => `${target.name} ${reason.why}`)).toEqual(
    [
      "web:old old",
      `web@${digestOf("amd").slice(0, 19)} part-of-removed`,
      `web@${digestOf("arm").slice(0, 19)} part-of-removed`,
    ],
  );
  expect(verdicts(planned)).toMatchObject({ "web:tagged": "keep: part-of", "web:young": "keep: too-young" });
});

test("a part of two indexes goes after the second, and waits where the second one waits", () => {
  const part = manifest("", { name: "part" });
  const both = ["a", "b"].map((tag, index) => manifest(tag, { ageDays: 200 - index, parts: [part.digest] }));

  const all = planRegistry(spec(), registryWorld({ web: [part, ...both] }), "lab/cleanup").verdicts;
  const one = planRegistry(
    spec({ limits: { items: 2 } }),
    registryWorld({ web: [part, ...both] }),
    "lab/cleanup",
  ).verdicts;

  expect(all.filter(isStep).map(({ target }) => target.name)).toEqual([
    "web:a",
    "web:b",
    expect.stringMatching("web@"),
  ]);
  expect(one.filter(isStep).map(({ target }) => target.name)).toEqual(["web:a"]);
});

test("an image that an index holds through a nameless part waits where the index waits", () => {
  const image = manifest("1", { ageDays: 300 });
  const part = manifest("", { name: "part", parts: [image.digest] });
  const index = manifest("all", { ageDays: 200, parts: [part.digest] });

  // There is room for the image alone, and none for the index with its part.
  const planned = planWeb([image, part, index], { limits: { items: 1, share: "100%" } });

  expect(planned).toEqual({ "web:1": "wait: part-of", "web:all": "wait: limit" });
});

test("the signature of an image that stays, stays", () => {
  const signed = manifest("1", { ageDays: 1 });
  const signature = manifest("sha256-x.sig", { attachedTo: signed.digest });

  expect(planWeb([signed, signature])["web:sha256-x.sig"]).toBe("keep: part-of");
  expect(planWeb([{ ...signed, since: 0 }, signature])["web:sha256-x.sig"]).toBe("remove: old");
});

test("what lost its last tag stays unless the rule says how long", () => {
  const lost = manifest("", { name: "lost", ageDays: 8 });
  const name = `web@${lost.digest.slice(0, 19)}`;

  expect(planWeb([lost])).toEqual({ [name]: "keep: untagged-off" });
  expect(planWeb([lost], { untaggedFor: "9d" })).toEqual({ [name]: "keep: untagged-recently" });
  expect(planWeb([lost], { untaggedFor: "7d" })).toEqual({ [name]: "remove: untagged" });
});

test("limits take the oldest first and leave the rest for the next run", () => {
  const made = Array.from({ length: 10 }, (_, index) => manifest(`v${index}`, { ageDays: 100 + index }));
  const removed = (keys: object) =>
    Object.entries(planWeb(made, keys)).flatMap(([name, verdict]) =>
      verdict.startsWith("remove") ? [name] : [],
    );

  expect(removed({ limits: { items: 2, share: "100%" } })).toEqual(["web:v9", "web:v8"]);
  expect(removed({ limits: { share: "30%" } })).toEqual(["web:v9", "web:v8", "web:v7"]);
  expect(removed({ limits: { share: "1%" } })).toEqual(["web:v9"]);
  expect(planWeb(made, { limits: { share: "1%" } })["web:v0"]).toBe("wait: limit");
  const world = registryWorld({ web: made });
  const ruleDays = new Map([["lab/cleanup", { items: 3, bytes: 0 }]]);
  const later = plan(
    { ...world, ledger: { ...world.ledger, ruleDays } },
    { limits: { share: "100%", perDay: { items: 4 } } },
  );
  expect(Object.values(later).filter((verdict) => verdict === "remove: old")).toHaveLength(1);
});

test("guardrails and exceptions hold for images of a registry, with and without its address", () => {
  const guardrails = (neverTouch: object) => ({
    world: { guardrails: guardrailsSchema.parse({ neverTouch }) },
  });
  const labelled = manifest("1", { labels: { keep: "true" } });

  expect(planWeb([manifest("1")], {}, guardrails({ images: ["registry.example/web:*"] }))).toEqual({
    "web:1": "refuse: never-touch",
  });
  expect(planWeb([labelled], {}, guardrails({ labels: ["keep"] }))).toEqual({
    "web:1": "refuse: never-touch",
  });
  const exception = { match: { image: "web:1" }, reason: "audit", owner: "ops", until: NOW + 1 };
  expect(planWeb([manifest("0 1")], {}, { world: { exceptions: [exception] } })).toEqual({
    "web:0, :1": "keep: exception",
  });
});

test("what cannot be read, and a tag that leads to nothing, are told and left alone", () => {
  const world = registryWorld({ web: [manifest("1", { readable: false })] });
  const [web] = world.outside?.registries.get("main")?.repositories ?? [];
  const listing = { repositories: [{ ...web!, brokenTags: ["lost"] }] };

  expect(plan(registryWorld({}, { listing }))).toEqual({
    "web:1": "keep: unreadable",
    "web:lost": "keep: broken-tag",
  });
});

test("what garbage collection can free counts a shared layer for the last image that goes", () => {
  const layer = { digest: digestOf("layer"), bytes: 500 };
  const own = (name: string) => ({ digest: digestOf(`own ${name}`), bytes: 10 });
  const made = ["a", "b"].map((tag, index) =>
    manifest(tag, { ageDays: 200 - index, blobs: [own(tag), layer] }),
  );
  const bytes = (repositories: Record<string, RegistryManifest[]>) =>
    planRegistry(spec(), registryWorld(repositories), "lab/cleanup").verdicts.map((verdict) => verdict.bytes);

  expect(bytes({ web: made })).toEqual([10, 510]);
  expect(bytes({ web: made, api: [manifest("c", { ageDays: 1, blobs: [layer] })] })).toEqual([10, 10, 500]);
});
