import { days } from "@shipkeeper/kit";
import type { CheckRule } from "@shipkeeper/policy";
import type { ApiGate } from "@shipkeeper/protocol";
import { createSigningKey, sealBundle } from "@shipkeeper/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle, image, imageId, inventoryEntry } from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

const CHECKS: CheckRule[] = [
  { check: "image-too-old", severity: "medium", limit: days(60) },
  {
    check: "registry-not-allowed",
    severity: "high",
    limit: ["registry.acme.example/*", "docker.io/library/*"],
  },
  { check: "base-not-allowed", severity: "medium", limit: ["debian:12"] },
];
const DIGEST = `sha256:${"d".repeat(64)}`;
const REPOSITORY = "registry.acme.example/web";
const DEBIAN = image("debian:12", { layers: ["d"] });
const YOUNG = image("young", {
  tags: [`${REPOSITORY}:main`, `${REPOSITORY}:2`],
  digests: [`${REPOSITORY}@${DIGEST}`],
  layers: ["d", "y"],
});

let collector: TestCollector;
beforeAll(async () => {
  collector = await startTestCollector();
  const policies = [
    { name: "strict", checks: CHECKS },
    { name: "lax", hosts: { environment: "test" }, checks: CHECKS.slice(1, 2) },
    { name: "silent", hosts: { environment: "lab" } },
  ].flatMap((policy) => bundle(1, policy).policies);
  const body = sealBundle({ ...bundle(1), policies }, createSigningKey());
  expect((await collector.ask("POST", "/api/v1/policies", { body })).statusCode).toBe(201);
  const hosts = [await collector.enrolHost("web-1"), await collector.enrolHost("web-2")];
  const retagged = { ...image("retagged", { ageDays: 90, layers: ["d", "r"] }), tags: ["retagged:1"] };
  await hosts[0]?.tell(
    inventoryEntry({ images: [DEBIAN, YOUNG, image("retagged:1", { layers: ["d", "x"] })] }),
  );
  await hosts[1]?.tell(inventoryEntry({ images: [DEBIAN, YOUNG, retagged] }));
});
afterAll(() => collector.close());

async function gate(query: string): Promise<ApiGate> {
  const reply = await collector.ask("GET", `/api/v1/gate?${query}`, { role: "reader" });
  expect(reply.statusCode, reply.body).toBe(200);
  return reply.json<ApiGate>();
}
const verdicts = async (query: string) =>
  (await gate(query)).rules.map(({ policy, check, verdict }) => `${policy} ${check}: ${verdict}`);

test.each([
  ["a tag that is not the first", `${REPOSITORY}:2`],
  ["a digest", `${REPOSITORY}@${DIGEST}`],
  ["a digest of another repository", `mirror.example/web@${DIGEST}`],
  ["an id", imageId("young")],
  ["the start of an id", imageId("young").slice("sha256:".length, 19)],
])("an image is known by %s", async (_, reference) => {
  const { known } = await gate(`image=${encodeURIComponent(reference)}`);

  expect(known).toEqual([{ id: imageId("young"), name: `${REPOSITORY}:main`, hosts: 2 }]);
});

test("short names are names of Docker Hub, however they are written", async () => {
  for (const reference of ["debian:12", "docker.io/library/debian:12", "library/debian:12"]) {
    expect((await gate(`image=${reference}`)).known, reference).toHaveLength(1);
  }
  expect((await gate("image=debian")).known).toEqual([]);
  expect((await gate("image=other.example/debian:12")).known).toEqual([]);
});

test("what the fleet knows is judged, and the answer says by which rules", async () => {
  expect(await gate(`image=${REPOSITORY}:2`)).toMatchObject({
    allowed: true,
    why: "allowed: of 4 rules 4 allowed",
  });
  expect(await gate("image=retagged:1&policy=strict")).toMatchObject({
    allowed: false,
    why: "refused: of 3 rules 1 refused, 2 allowed",
    known: [{ hosts: 1 }, { hosts: 1 }],
    rules: [
      { check: "image-too-old", verdict: "refused", says: "built 90 days ago (limit 60 days)" },
      { check: "registry-not-allowed", verdict: "allowed" },
      { check: "base-not-allowed", verdict: "allowed" },
    ],
  });
});

test("of an image that no host has only the name is judged, and the rest refuses unless it may be unknown", async () => {
  const image = "registry.acme.example/fresh:1";

  expect(await verdicts(`image=${image}&policy=strict`)).toEqual([
    "strict image-too-old: unknown",
    "strict registry-not-allowed: allowed",
    "strict base-not-allowed: unknown",
  ]);
  expect((await gate(`image=${image}&policy=strict`)).allowed).toBe(false);
  expect((await gate(`image=${image}&policy=strict&allowUnknown=true`)).allowed).toBe(true);
  expect((await gate(`image=evil.example/x:1&allowUnknown=true`)).allowed).toBe(false);
});

test("the policies can be narrowed to one, or to those for some hosts", async () => {
  expect(await verdicts("image=a.example/x:1&labels=environment=test")).toEqual([
    "lax registry-not-allowed: refused",
  ]);
  expect(await gate("image=x:1&policy=silent")).toMatchObject({
    allowed: true,
    why: "no policy that is asked has a rule for images",
  });
  expect(await gate("image=x:1&labels=environment=nowhere")).toMatchObject({ why: "no policy is asked" });
  expect((await collector.ask("GET", "/api/v1/gate?image=x&policy=nobody")).statusCode).toBe(404);
  expect((await collector.ask("GET", "/api/v1/gate?policy=strict")).statusCode).toBe(400);
});
