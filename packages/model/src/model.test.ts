import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import {
  buildAgeMs,
  containerIdentity,
  type ImageMemory,
  repositoryOf,
  resolveOwner,
  unusedForMs,
} from "./index.ts";

const NOW = Date.UTC(2030, 0, 31);

test("a build time that no builder can have meant is no age", () => {
  const ages = [-62_135_596_800_000, 0, Date.UTC(1980, 0, 1), NOW + 1, undefined, NOW - days(90)].map(
    (createdAt) => buildAgeMs({ createdAt }, NOW),
  );

  expect(ages).toEqual([undefined, undefined, undefined, undefined, undefined, days(90)]);
});

test("an image is unused since it was first seen, last used or last tagged, whichever is latest", () => {
  const memories: readonly (ImageMemory | undefined)[] = [
    { firstSeenAt: NOW - days(9) },
    { firstSeenAt: NOW - days(9), lastUsedAt: NOW - days(4) },
    { firstSeenAt: NOW - days(9), lastTaggedAt: NOW - days(3) },
    { firstSeenAt: NOW - days(9), lastUsedAt: NOW - days(2), lastTaggedAt: NOW - days(3) },
    { firstSeenAt: NOW - days(1), lastTaggedAt: NOW - days(3) },
    undefined,
  ];

  const unused = memories.map((memory) => unusedForMs({ memory }, NOW));

  expect(unused).toEqual([days(9), days(4), days(3), days(2), days(1), undefined]);
});

test("a colon before a slash belongs to the registry's port", () => {
  expect(
    ["web:1", "localhost:5000/web", "localhost:5000/a/web:1", "a/web@sha256:00", "web:1@sha256:00"].map(
      repositoryOf,
    ),
  ).toEqual(["web", "localhost:5000/web", "localhost:5000/a/web", "a/web", "web"]);
});

test("an owner comes from the first label that is set, then from the map", () => {
  const rules = {
    labels: ["com.acme.owner", "vendor"],
    map: { payments: { match: ["acme/pay-*"] }, web: { match: ["acme/*"] } },
  };

  expect(resolveOwner({ labels: { vendor: "x", "com.acme.owner": " " }, names: [] }, rules)).toBe("x");
  expect(resolveOwner({ labels: {}, names: ["acme/pay-api:1"] }, rules)).toBe("payments");
  expect(resolveOwner({ labels: {}, names: ["other"] }, rules)).toBeUndefined();
});

test("a recreated container keeps its identity", () => {
  expect(
    containerIdentity({ name: "shop-web-1", compose: { project: "shop", service: "web", number: "1" } }),
  ).toBe("compose:shop/web/1");
  expect(containerIdentity({ name: "cache" })).toBe("name:cache");
});
