/** Random registries: tags that share digests, indexes in and over each other, signatures, and what lost its tags. */
import { days, HOUR_MS } from "@shipkeeper/kit";
import * as fc from "fast-check";
import type { FleetDigests, Outside, RegistryManifest, RepositoryListing } from "../round/outside.ts";
import { imageId, NOW } from "./world.ts";

const since = fc.oneof(
  fc.integer({ min: 0, max: days(365) }).map((ms) => NOW - ms),
  fc.constantFrom(NOW, NOW - HOUR_MS, NOW - days(14), NOW - days(90)),
);
const rarely = fc.constantFrom(false, false, false, false, false, false, true);
const rareProblem = rarely.chain((one) => fc.constantFrom(undefined, undefined, one ? "timeout" : undefined));

/** Few digests, so that repositories share them; one may be an image of the host. */
const digestOf = (index: number) => imageId(index === 0 ? "image-0" : `manifest-${index}`);

const manifestFacts = fc.record({
  tags: fc.constantFrom(0, 1, 1, 2),
  since,
  createdAt: fc.option(fc.oneof(since, fc.constant(0)), { nil: undefined, freq: 5 }),
  parts: fc.oneof(
    { weight: 2, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.uniqueArray(fc.nat(7), { maxLength: 3 }) },
  ),
  attachedTo: fc.option(fc.nat(7), { nil: undefined, freq: 1 }),
  blobs: fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
  labels: fc.constantFrom<Record<string, string>>({}, {}, { keep: "true" }),
  unreadable: rarely,
});

const repository = (name: string): fc.Arbitrary<RepositoryListing> =>
  fc
    .record({
      facts: fc.array(manifestFacts, { maxLength: 8 }),
      problem: rareProblem,
      broken: rarely,
    })
    .map(({ facts, problem, broken }) => ({
      name,
      manifests: facts.map(
        ({ tags, parts, attachedTo, blobs, unreadable, ...rest }, index): RegistryManifest => ({
          ...rest,
          digest: digestOf(index),
          tags: [`b${index}`, `v${index}`].slice(0, tags),
          // A digest is made of what it refers to: only later ones, since nothing refers to itself in a circle.
          parts: parts.filter((part) => part > index).map(digestOf),
          ...(attachedTo !== undefined && attachedTo > index && { attachedTo: digestOf(attachedTo) }),
          configDigest: imageId(`config-${index}`),
          blobs: blobs.map((blob) => ({ digest: imageId(`blob-${blob}`), bytes: blob * 1_000_000 })),
          readable: !unreadable,
        }),
      ),
      brokenTags: broken ? ["gone"] : [],
      ...(problem !== undefined && { problem }),
    }));

const fleetDigests: fc.Arbitrary<FleetDigests> = fc
  .record({
    at: fc.constantFrom(NOW, NOW, NOW, NOW, NOW, NOW, NOW - days(2), NOW + HOUR_MS),
    count: fc.constantFrom(100, 100, 100, 100, 100, 80, 79, 0),
    used: fc.array(fc.tuple(fc.nat(7), since), { maxLength: 3 }),
  })
  .map(({ used, ...rest }) => ({
    ...rest,
    mostCount: 100,
    usedAt: new Map(used.map(([index, at]) => [digestOf(index), at])),
  }));

export const arbitraryOutside: fc.Arbitrary<Outside> = fc
  .record({
    repositories: fc.tuple(repository("web"), repository("acme/api")),
    problem: rareProblem,
    fleetDigests: fc.option(fleetDigests, { nil: undefined, freq: 9 }),
  })
  .map(({ repositories, problem, fleetDigests }) => ({
    registries: new Map([
      ["main", { address: "registry.acme.example", repositories, ...(problem !== undefined && { problem }) }],
    ]),
    fleetDigests,
  }));

/** A rule's own keys, as they stand in a bundle. */
export const arbitraryRegistrySpec = fc.record({
  at: fc.constantFrom("main", "main", "moon"),
  host: fc.constantFrom("web-1", "web-1", "web-1", "db-1"),
  repositories: fc.constantFrom(["*"], ["acme/*"], ["web"]),
  except: fc.constantFrom([], ["*:v*"], ["registry.acme.example/web@*"]),
  olderThan: fc.constantFrom("1h", "14d", "90d"),
  by: fc.constantFrom("pushed" as const, "created" as const),
  keepNewest: fc.nat(3),
  keepUsedWithin: fc.constantFrom("1d", "30d"),
  untaggedFor: fc.option(fc.constantFrom("1h", "14d", "90d"), { nil: undefined }),
  limits: fc.record({
    items: fc.integer({ min: 1, max: 20 }),
    share: fc.constantFrom("5%", "30%", "100%"),
    perDay: fc.record({ items: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }) }),
  }),
});
