import { days } from "@shipkeeper/kit";
import { roundIdSchema } from "@shipkeeper/model";
import { expect, test } from "vitest";
import {
  checkRound,
  NO_STEPS,
  type Exception,
  type PolicyBundle,
  type Round,
  type Verdict,
  type World,
} from "../index.ts";
import { guardrailsSchema } from "../guardrails.ts";
import { container, ended, image, imageId, NOW, worldWith } from "../testing/world.ts";
import { containerTarget, imageTarget } from "../actions/target.ts";

const SPECS: Record<string, unknown> = {
  prune: { images: { unusedFor: "1d" }, limits: { items: 2, share: "50%" } },
  backup: { select: { volumes: ["*"] }, to: ["local"] },
  restart: { budget: { restarts: 1, per: "30m" } },
};

const BUNDLE: PolicyBundle = {
  format: 1,
  revision: 1,
  issuedAt: NOW - days(1),
  expiresAt: NOW + days(1),
  policies: [
    {
      name: "p",
      hosts: { environment: "production" },
      owners: { labels: [], map: {} },
      exceptions: [],
      checks: [],
      waivers: [],
      rules: Object.entries(SPECS).map(([kind, spec]) => ({ kind, name: kind, mode: "enforce", spec })),
    },
  ],
};

const WEB = image("web:1");
const WORLD = worldWith({ images: [WEB] });

const remove = (target: Verdict["target"]): Verdict => ({
  target,
  decision: "remove",
  reason: { why: "unused" },
  expect: { id: target.id },
});
const keep = (target: Verdict["target"]): Verdict => ({
  target,
  decision: "keep",
  reason: { why: "in-use" },
});

function roundOf(kind: string, verdicts: Verdict[], change: Partial<Round["planned"][number]> = {}): Round {
  return {
    id: roundIdSchema.parse("00000000-0000-4000-8000-0000000000aa"),
    at: NOW,
    revision: 1,
    planned: [{ policy: "p", rule: kind, kind, mode: "enforce", verdicts, ...change }],
    waiting: [],
  };
}

const violations = (round: Round, world: World = WORLD, bundle = BUNDLE) => checkRound(round, world, bundle);
const removal = (world: World, target = imageTarget(WEB)) =>
  violations(roundOf("prune", [remove(target)]), world).map((violation) => violation.replace(/^.*: /, ""));

test("a sound round has no violations", () => {
  expect(violations(roundOf("prune", [remove(imageTarget(WEB))]))).toEqual([]);
});

test("what the policy exempts from the rule, and until when, must not be touched", () => {
  const exempting = (exception: Partial<Exception>): PolicyBundle => {
    const whole = { reason: "r", owner: "o", match: { image: "web" }, until: NOW + 1, ...exception };
    return { ...BUNDLE, policies: BUNDLE.policies.map((policy) => ({ ...policy, exceptions: [whole] })) };
  };
  const broken = (exception: Partial<Exception>) =>
    violations(roundOf("prune", [remove(imageTarget(WEB))]), WORLD, exempting(exception)).length > 0;

  expect(broken({})).toBe(true);
  expect(broken({ rule: "prune", match: { image: "web:1", host: "web-1" } })).toBe(true);
  expect(broken({ rule: "other" })).toBe(false);
  expect(broken({ until: NOW })).toBe(false);
  expect(broken({ match: { image: "web", container: "*" } })).toBe(false);
});

test("the image of a container, of another image or of the guardrails must not go, nor one that is not there", () => {
  const guardrails = guardrailsSchema.parse({ neverTouch: { images: ["web:*"] } });
  const child = image("app:1", { parentId: WEB.id });
  const user = container("c", { imageId: WEB.id });

  expect(removal(worldWith({ images: [WEB], containers: [user] }))).toEqual(["a container is made from it"]);
  expect(removal(worldWith({ images: [WEB, child] }))).toEqual([
    `no verdict on ${child.id}`,
    "an image is built on it",
  ]);
  expect(removal(worldWith({ images: [WEB] }, { guardrails }))).toEqual(["never to be touched"]);
  expect(removal(worldWith({}))).toEqual(["not in the inventory"]);
  expect(removal(worldWith({ images: [WEB], gaps: [{ section: "containers", error: "" }] }))).toEqual([
    "the inventory has gaps",
  ]);
});

test("a container that runs, belongs to the agent or to a service must not go", () => {
  const gone = (one: ReturnType<typeof container>, facts: Partial<World> = {}) =>
    removal(worldWith({ containers: [one] }, facts), containerTarget(one));

  expect(gone(ended("job"))).toEqual([]);
  expect(gone(container("job"))).toEqual(["is running"]);
  expect(gone(ended("job"), { self: ["job"] })).toEqual(["belongs to the agent"]);
  expect(gone(ended("job", { restartPolicy: { name: "always", maximumRetries: 0 } }))).toEqual([
    "is a stopped service",
  ]);
  expect(gone(ended("job", { swarm: { service: "s", task: "t" } }))).toEqual(["belongs to an orchestrator"]);
});

test("what a container ran just before must not go, nor a stopped service that only the policy gives up", () => {
  const web = container("web", { imageId: imageId("web:3") });
  const world = worldWith({ images: [WEB], containers: [web] });
  const pastImages = new Map([["name:web", [{ imageId: WEB.id, lastRanAt: NOW - days(90) }]]]);
  const stopped = ended("db", { compose: { project: "shop", service: "db", number: "1" } });

  expect(removal({ ...world, ledger: { ...world.ledger, pastImages } })).toEqual([
    "a container may be rolled back to it",
  ]);
  expect(removal(worldWith({ containers: [stopped] }), containerTarget(stopped))).toEqual([
    "is a stopped service",
  ]);
});

test("candidates without a verdict, with two, or without a reason are found", () => {
  const other = image("api:1");
  const world = worldWith({ images: [WEB, other] });
  const silent = { ...keep(imageTarget(other)), reason: { why: "" } };

  expect(violations(roundOf("prune", [keep(imageTarget(WEB))]), world)).toEqual([
    `p/prune: no verdict on ${other.id}`,
  ]);
  expect(
    violations(roundOf("prune", [keep(imageTarget(WEB)), keep(imageTarget(WEB)), silent]), world),
  ).toEqual(["p/prune: two verdicts on one thing", `p/prune: no reason for ${other.id}`]);
});

test("limits of the policy, of the guardrails' run and of their day are counted anew", () => {
  const images = ["a:1", "b:1", "c:1"].map((name) => image(name));
  const guardrails = guardrailsSchema.parse({ limits: { perRun: { images: 1 }, perDay: { images: 4 } } });
  const world = worldWith({ images }, { guardrails });
  const busy = { ...world, ledger: { ...world.ledger, lastDay: { ...NO_STEPS, images: 2 } } };

  expect(
    violations(
      roundOf(
        "prune",
        images.map((one) => remove(imageTarget(one))),
      ),
      busy,
    ),
  ).toEqual(["p/prune: 3 items, limit 2", "p/prune: 3 images a run, limit 1", "5 images a day, limit 4"]);
});

test("a rule enforces only what a signed policy says for this host, while it is in force", () => {
  const round = roundOf("prune", [remove(imageTarget(WEB))]);
  const [policy] = BUNDLE.policies;
  const hosts = (selector: Record<string, string>) =>
    policy === undefined ? BUNDLE : { ...BUNDLE, policies: [{ ...policy, hosts: selector }] };

  expect(violations(round, WORLD, hosts({ environment: "test" }))).toEqual([
    "p/prune: its policy does not select the host",
  ]);
  expect(violations(round, WORLD, hosts({}))).toEqual(["p/prune: its policy does not select the host"]);
  expect(violations(round, WORLD, { ...BUNDLE, expiresAt: NOW })).toEqual([
    "p/prune: enforces an expired policy",
  ]);
  expect(violations(round, WORLD, { ...BUNDLE, policies: [] })).toEqual([
    "p/prune: no such rule in the bundle",
    "p/prune: its limits cannot be read",
  ]);
  expect(violations(roundOf("prune", [remove(imageTarget(WEB))], { heldBackBy: "stop file" }))).toEqual([
    "p/prune: is held back and enforces all the same",
  ]);
});

test("a verb that its kind does not have is found, and a step that relies on nothing", () => {
  const stop = { ...remove(imageTarget(WEB)), decision: "stop" };
  const careless = { ...remove(imageTarget(WEB)), expect: undefined };

  expect(violations(roundOf("prune", [stop]))).toEqual(['p/prune: prune has no step "stop" for type image']);
  expect(violations(roundOf("prune", [careless]))).toEqual([
    `p/prune: remove ${imageId("web:1")}: does not say what it relies on`,
  ]);
});

test("a rule that stands in a round twice is found, and a step that two rules would take", () => {
  const round = roundOf("prune", [remove(imageTarget(WEB))]);

  expect(violations({ ...round, planned: [...round.planned, ...round.planned] })).toEqual([
    "rule p/prune stands in the round twice",
    `step on image ${WEB.id} stands in the round twice`,
  ]);
});
