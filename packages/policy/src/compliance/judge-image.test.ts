import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { policyWith } from "../testing/judged.ts";
import { image, NOW } from "../testing/world.ts";
import type { AskedImage } from "./check.ts";
import { judgeImage } from "./judge-image.ts";

const policy = policyWith(`
images: { maxAge: 60d, maxRunningAge: 30d, registries: ["registry.acme.example/*"], forbidTags: [latest] }
containers: { require: [healthcheck] }
waivers:
  - { finding: image-too-old, match: { image: "registry.acme.example/slow:*" }, reason: x, owner: y, until: 2030-02-10 }
`);

const known = (name: string, ageDays: number): AskedImage => ({
  reference: name,
  image: image(name, { ageDays }),
  bases: [],
});

/** Whether it may run, and the rules that do not simply allow it. */
function gate(asked: [AskedImage, ...AskedImage[]], { allowUnknown = false, now = NOW } = {}) {
  const { allowed, rules } = judgeImage([policy], asked, { now, allowUnknown });
  const told = rules.filter(({ verdict }) => verdict !== "allowed");
  return { allowed, told: told.map(({ check, verdict, says }) => `${verdict} by ${check}: ${says}`) };
}

test("an image that all rules are content with may run; rules about containers are not asked", () => {
  const { allowed, rules } = judgeImage([policy], [known("registry.acme.example/web:1", 10)], {
    now: NOW,
    allowUnknown: false,
  });

  expect(allowed).toBe(true);
  expect(rules.map(({ policy, check, verdict }) => [policy, check, verdict])).toEqual([
    ["production", "image-too-old", "allowed"],
    ["production", "registry-not-allowed", "allowed"],
    ["production", "running-image-too-old", "allowed"],
    ["production", "mutable-tag", "allowed"],
  ]);
});

test("one rule that is not content is enough, and each says why", () => {
  expect(gate([known("evil.example/web", 40)])).toEqual({
    allowed: false,
    told: [
      "refused by registry-not-allowed: is evil.example/web, allowed are registry.acme.example/*",
      "refused by running-image-too-old: runs evil.example/web, built 40 days ago (limit 30 days)",
      "refused by mutable-tag: asked for as evil.example/web: the tag latest moves, name a version or a digest",
    ],
  });
});

test("of an image that no host has only its name is judged: the rest is unknown, which refuses unless allowed", () => {
  const asked: [AskedImage] = [{ reference: "registry.acme.example/web:1", bases: [] }];
  const told = [
    "unknown by image-too-old: no host has it",
    "unknown by running-image-too-old: no host has it",
  ];

  expect(gate(asked)).toEqual({ allowed: false, told });
  expect(gate(asked, { allowUnknown: true })).toEqual({ allowed: true, told });
});

test("a name that stands for several images is as good as the worst of them", () => {
  const name = "registry.acme.example/web:1";

  expect(gate([known(name, 10), known(name, 40)])).toMatchObject({ allowed: false });
  expect(gate([known(name, 10), known(name, 20)])).toMatchObject({ allowed: true });
});

test("a waiver of the image opens the gate for its rule as long as it holds", () => {
  const slow = known("registry.acme.example/slow:1", 20);
  const older = { ...slow, image: image("registry.acme.example/slow:1", { ageDays: 70 }) };
  const verdicts = (now: number) =>
    judgeImage(
      [
        policyWith(`
images: { maxAge: 60d }
waivers: [{ finding: image-too-old, match: { image: "registry.acme.example/slow" }, reason: x, owner: y, until: 2030-02-10 }]
`),
      ],
      [older],
      { now, allowUnknown: false },
    );

  expect(verdicts(NOW)).toMatchObject({ allowed: true, rules: [{ verdict: "waived" }] });
  expect(verdicts(NOW + days(30))).toMatchObject({ allowed: false, rules: [{ verdict: "refused" }] });
});

test("where no policy asks anything of images, nothing refuses and no rule is named", () => {
  expect(judgeImage([], [known("web:1", 900)], { now: NOW, allowUnknown: false })).toEqual({
    allowed: true,
    rules: [],
  });
});
