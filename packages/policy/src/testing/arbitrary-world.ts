/** Random worlds in which everything that planners must heed turns up often, and together. */
import { days, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { containerIdentity, type Container, type Image, type Inventory } from "@shipkeeper/model";
import * as fc from "fast-check";
import { PROOF_LEVELS, type Proof } from "../dataset/proof.ts";
import { guardrailsSchema } from "../guardrails.ts";
import { NO_STEPS } from "../round/step-counts.ts";
import type { Expiry, KnownRestorePoint, PastImage, World } from "../round/world.ts";
import { someWindows } from "./arbitrary-bundle.ts";
import { labels, maybe, past, rarely } from "./arbitrary-facts.ts";
import { connect, leftovers } from "./arbitrary-leftovers.ts";
import { arbitraryOutside } from "./arbitrary-registry.ts";
import { arbitraryAttempts, arbitrarySignals, signalsAbout } from "./arbitrary-signals.ts";
import { container, image, imageId, NOW, worldWith } from "./world.ts";

const REPOSITORIES = ["web", "api", "base", "registry.acme.example/base/debian"];
const STATES = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
  "unknown",
] as const;

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

const imageFacts = fc.record({
  repositories: fc.array(fc.constantFrom(...REPOSITORIES), { maxLength: 2 }),
  digested: fc.boolean(),
  createdAt: maybe(fc.oneof(past, fc.constant(0))),
  memory: fc.option(fc.record({ firstSeenAt: past, lastUsedAt: maybe(past) }), { nil: undefined, freq: 9 }),
  sizeBytes: fc.integer({ min: 0, max: 3e9 }),
  sharedBytes: maybe(fc.integer({ min: 0, max: 3e9 })),
  layers: fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 }),
  parent: fc.option(fc.nat(30), { nil: undefined, freq: 2 }),
  labels,
});

function images(facts: readonly Drawn<typeof imageFacts>[]): Image[] {
  return facts.map(({ repositories, digested, parent, ...rest }, index) => {
    const tags = [...new Set(repositories)].map((repository) => `${repository}:${index}`);
    return image(`image-${index}`, {
      ...rest,
      tags,
      digests: digested ? [`web@sha256:${index}`] : [],
      // Only earlier images: nothing is built on itself.
      parentId: parent !== undefined && parent < index ? imageId(`image-${parent}`) : undefined,
    });
  });
}

const containerFacts = fc.record({
  image: fc.nat(80),
  state: fc.oneof(fc.constantFrom("running" as const, "exited" as const), fc.constantFrom(...STATES)),
  createdAt: maybe(past),
  finishedAt: maybe(past),
  exitCode: maybe(fc.constantFrom(0, 0, 1, 137)),
  oomKilled: rarely,
  writableBytes: maybe(fc.integer({ min: 0, max: 1e9 })),
  health: fc.record({
    status: fc.oneof(
      fc.constant("unhealthy" as const),
      fc.constantFrom("none" as const, "starting" as const, "healthy" as const),
    ),
    unhealthySince: maybe(past),
  }),
  autoRemove: rarely,
  livesIn: fc.option(fc.nat(25), { nil: undefined, freq: 9 }),
  needs: fc.option(fc.nat(25), { nil: undefined, freq: 2 }),
  restartPolicy: fc.constantFrom("no", "no", "no", "no", "always", "unless-stopped", "on-failure"),
  compose: fc.constantFrom(undefined, undefined, undefined, { project: "shop", service: "web", number: "1" }),
  swarm: fc.constantFrom(undefined, undefined, undefined, { service: "s", task: "t" }),
  labels,
});

function containers(facts: readonly Drawn<typeof containerFacts>[]): Container[] {
  return facts.map(({ image, health, restartPolicy, livesIn, needs, ...rest }, index) => {
    const made = container(`${index % 5 === 0 ? "postgres" : "job"}-${index}`, {
      ...rest,
      ...(needs !== undefined && { labels: { ...rest.labels, "shipkeeper.depends-on": `job-${needs}` } }),
      imageId: imageId(`image-${image}`),
      health: { ...health, failingStreak: 0, log: [] },
      restartPolicy: { name: restartPolicy, maximumRetries: 0 },
    });
    const networkMode = livesIn === undefined || livesIn === index ? "default" : `container:job-${livesIn}`;
    return { ...made, privileges: { ...made.privileges, networkMode } };
  });
}

const RULES = ["a/one", "a/two", "b/one", "b/two"];
const expiryFacts = fc.record({
  rules: fc.subarray(RULES, { minLength: 1 }),
  announcedAt: fc.oneof({ weight: 3, arbitrary: fc.constant(NOW - days(30)) }, past),
  endsIn: fc.constantFrom(0, 0, MINUTE_MS, days(1)),
  life: fc.constantFrom("started", "started", "created", "earlier"),
  isStopped: fc.constantFrom(false, false, false, true),
});

/** What rules told one container of its end, of this life of it or of an earlier one. */
function expiries(facts: Drawn<typeof expiryFacts>, container: Container): Expiry[] {
  const { rules, announcedAt, endsIn, life, isStopped } = facts;
  const { id, createdAt = NOW, startedAt = NOW, finishedAt, state } = container;
  const bornAt = { started: startedAt, created: createdAt, earlier: startedAt - HOUR_MS }[life];
  const wasStopped = finishedAt !== undefined && (isStopped || state === "exited");
  const stopped = wasStopped ? { stopped: { at: finishedAt, finishedAt } } : {};
  const told = { containerId: id, bornAt, announcedAt, endsAt: announcedAt + endsIn, ...stopped };
  return rules.map((rule) => ({ rule, ...told }));
}

const gaps = fc.array(
  fc.record({
    section: fc.constantFrom("containers", "images", "volumes", "networks", "buildCache", "sizes"),
    error: fc.constant("timeout"),
  }),
  { maxLength: 1 },
) as fc.Arbitrary<Inventory["gaps"]>;

const smallLimit = maybe(fc.integer({ min: 0, max: 4 }));
const guardrails = fc
  .record({
    images: fc.constantFrom([], ["registry.acme.example/base/*"]),
    containers: fc.constantFrom([], ["^postgres-"]),
    volumes: fc.constantFrom([], ["v1*"]),
    labels: fc.constantFrom([], ["keep=true"], ["tier"]),
    allow: fc.record({
      stoppedServices: fc.boolean(),
      volumes: fc.constantFrom([], ["v*"]),
      recreate: fc.constantFrom([], ["job-*"]),
      binds: fc.constantFrom([], ["/srv/*"]),
    }),
    perRun: fc.record({
      images: smallLimit,
      containers: smallLimit,
      volumes: smallLimit,
      networks: smallLimit,
      bytes: maybe(fc.constant("2GB")),
    }),
    perDay: fc.record({
      images: smallLimit,
      containers: smallLimit,
      volumes: smallLimit,
      networks: smallLimit,
      restarts: smallLimit,
    }),
    windows: someWindows,
  })
  .map(({ perRun, perDay, allow, windows, ...neverTouch }) =>
    guardrailsSchema.parse({
      neverTouch,
      limits: { perRun, perDay },
      allow,
      windows,
      hooks: { dump: { use: "postgresql" } },
    }),
  );

/** What the first containers ran before, the latest first: of the images that are here, and of others. */
const pasts = fc.array(
  fc
    .array(fc.record({ imageId: fc.nat(50).map((index) => imageId(`image-${index}`)), lastRanAt: past }), {
      maxLength: 3,
    })
    .map((all): PastImage[] => all.sort((a, b) => b.lastRanAt - a.lastRanAt)),
  { maxLength: 6 },
);

export const arbitraryWorld: fc.Arbitrary<World> = fc
  .record({
    images: fc.array(imageFacts, { maxLength: 40 }).map(images),
    containers: fc.array(containerFacts, { maxLength: 25 }).map(containers),
    leftovers,
    gaps: fc.oneof(
      { weight: 4, arbitrary: fc.constant<Inventory["gaps"]>([]) },
      { weight: 1, arbitrary: gaps },
    ),
    guardrails,
    attempts: arbitraryAttempts,
    signals: arbitrarySignals,
    notices: fc.array(expiryFacts, { minLength: 12, maxLength: 25 }),
    pasts,
    ruleDay: fc.record({ items: fc.nat(2), bytes: fc.constantFrom(0, 1e9) }),
    lastDay: fc
      .record({ images: fc.nat(2), containers: fc.nat(2), volumes: fc.nat(2), restarts: fc.nat(2) })
      .map((counts) => ({ ...NO_STEPS, ...counts })),
    self: fc.constantFrom([], ["job-1", "job-2", "job-3", "job-4"]),
    environment: fc.constantFrom("production", "production", "production", "test"),
    outside: fc.option(arbitraryOutside, { nil: undefined, freq: 9 }),
  })
  .map(({ guardrails, attempts, notices, pasts, ruleDay, lastDay, self, environment, outside, ...drawn }) => {
    const { orphans, restorePoints, ...left } = drawn.leftovers;
    const things = { ...drawn, ...left, ...connect(drawn.containers, left) };
    const hostLabels = { environment, hostname: "web-1" };
    const signals = signalsAbout(things.containers, drawn.signals);
    const world = worldWith(things, { guardrails, self, hostLabels, outside, signals });
    const restarts = new Map(
      things.containers
        .slice(0, 8)
        .map(({ name }, index) => [`name:${name}`, attempts.slice(index)] as const),
    );
    const told = things.containers.flatMap((container, index) => {
      const facts = notices[index];
      return facts === undefined ? [] : expiries(facts, container);
    });
    const pastImages = new Map(
      things.containers.flatMap((container, index) => {
        const past = pasts[index];
        return past === undefined ? [] : [[containerIdentity(container), past] as const];
      }),
    );
    const ruleDays = new Map([["a/one", ruleDay]]);
    const proofs = restorePoints.map(provenBy);
    const memories = { expiries: told, pastImages, ruleDays, orphans, restorePoints, proofs };
    const ledger = { ...world.ledger, restarts, lastDay, ...memories };
    return { ...world, ledger };
  });

/** Some rung of it, passed or failed, by its place among the others. */
function provenBy({ repository, dataset, at }: KnownRestorePoint, index: number): Proof {
  const level = PROOF_LEVELS[index % PROOF_LEVELS.length] ?? "listed";
  const ofWhole = level === "structure" || level === "bytes";
  return { level, repository, at, passed: index % 2 === 0, ...(!ofWhole && { dataset }) };
}
