/**
 * The way that governance takes in a company, on real engines: look at what is there, preview a policy, push it, and
 * find done exactly what the preview said; then ask what is not as it should be, and whether an image may be deployed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAY_MS } from "@shipkeeper/kit";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  startSpine,
  waitUntil,
  type Fleet,
  type LabHost,
  type Spine,
} from "@shipkeeper/lab";
import {
  apiGateSchema,
  findingsPageSchema,
  apiRunDetailSchema,
  hostsPageSchema,
  runsPageSchema,
  policyPreviewSchema,
  scoresPageSchema,
} from "@shipkeeper/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";

const WAIT_MS = 60_000;

const BASE = `
profile: house-rules
owners:
  map:
    payments: { match: ["acme/pay*", "acme/ledger*", "pay", "ledger"], mail: payments@acme.example }
images:
  maxAge: 90d
  registries: ["acme/*"]
waivers:
  - finding: image-too-old
    match: { image: "acme/ledger:*" }
    reason: the vendor certifies the next release in spring
    owner: payments
    until: ${new Date(Date.now() + 60 * DAY_MS).toISOString().slice(0, 10)}
`;
const FLEET = `
policy: fleet
inherits: [house-rules]
hosts: { test: governance }
mode: enforce
rules:
  - prune: host-cache
    every: 1s
    images: { unusedFor: 5s, olderThan: 30d, keepNewest: 1, minAge: 5s }
    containers: { exitedFor: 1s }
`;

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-governance-"));
const policies = join(folder, "policies");
let fleet: Fleet;
let spine: Spine;

const image = (tag: string, ageDays: number) =>
  forgeImage({
    tags: [tag],
    layers: [busyboxLayer()],
    workdir: `/${tag}`,
    createdAt: new Date(Date.now() - ageDays * DAY_MS),
  });

/** Two hosts alike but for one image: what is there differs, and so must what is done. */
async function fill(host: LabHost): Promise<void> {
  const own = host.name === "gov-1" ? [image("acme/tool:1", 200), image("acme/tool:2", 100)] : [];
  await loadImages(host, [
    image("acme/web:1", 400),
    image("acme/web:2", 10),
    image("acme/pay:1", 400),
    image("acme/ledger:3", 400),
    image("stranger:1", 5),
    ...own,
  ]);
  await runContainer(host, { image: "acme/pay:1", name: "pay" });
  await runContainer(host, { image: "acme/ledger:3", name: "ledger" });
  await runContainer(host, { image: "acme/web:2", name: "done", behaves: { kind: "exited", code: 0 } });
}

beforeAll(async () => {
  mkdirSync(policies);
  writeFileSync(join(policies, "house-rules.yaml"), BASE);
  writeFileSync(join(policies, "fleet.yaml"), FLEET);
  fleet = await startFleet({ hosts: 2, prefix: "gov" });
  await Promise.all(fleet.hosts.map(fill));
  spine = await startSpine({ fleet, folder, labelsOf: () => ({ test: "governance" }) });
  for (const host of fleet.hosts) await spine.addAgent(host);
});

afterAll(async () => {
  await spine?.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tagsOn = async (host: LabHost) =>
  (await host.engine.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []).sort();

/** `host type name` of everything that the policy would remove. */
async function previewed(): Promise<string[]> {
  const preview = policyPreviewSchema.parse(
    JSON.parse(await spine.shipkeeper("policy", "preview", policies, "--json")),
  );
  if (preview.hosts.judged < fleet.hosts.length) return [];
  return preview.changes.items
    .filter(({ change, decision }) => change === "newly" && decision === "remove")
    .map(({ host, target }) => `${host} ${target.type} ${target.name}`)
    .sort();
}

/** The same of what the agents say that they removed. */
async function removed(): Promise<string[]> {
  const runs = runsPageSchema.parse(await spine.read("/api/v1/runs?action=prune&limit=100")).items;
  const details = await Promise.all(
    runs.map(async ({ id }) => apiRunDetailSchema.parse(await spine.read(`/api/v1/runs/${id}`))),
  );
  return details
    .flatMap(({ host, outcome }) =>
      (outcome?.steps ?? []).map(({ target, status }) => `${host} ${target.type} ${target.name} ${status}`),
    )
    .map((line) => line.replace(/ done$/, ""))
    .sort();
}

const TO_GO = [
  "gov-1 container done",
  "gov-1 image acme/tool:1",
  "gov-1 image acme/web:1",
  "gov-2 container done",
  "gov-2 image acme/web:1",
];

test(
  "a policy that is pushed does what its preview said, no more and no less",
  { timeout: 180_000 },
  async () => {
    expect(await spine.shipkeeper("policy", "check", policies)).toContain("no mistake");
    // Until the agents have known the images for as long as the rule wants.
    const promised = await waitUntil(
      async () => {
        const now = await previewed();
        return now.length >= TO_GO.length ? now : undefined;
      },
      { what: "a preview of both hosts", deadlineMs: WAIT_MS },
    );
    expect(promised).toEqual(TO_GO);
    expect(await Promise.all(fleet.hosts.map(tagsOn))).toEqual([
      expect.arrayContaining(["acme/tool:1", "acme/web:1"]),
      expect.arrayContaining(["acme/web:1"]),
    ]);

    await spine.pushPolicy(policies);

    await waitUntil(async () => (await removed()).length >= TO_GO.length, {
      what: "as many removals as were promised",
      deadlineMs: WAIT_MS,
    });
    expect(await removed()).toEqual(TO_GO);
    const [first, second] = await Promise.all(fleet.hosts.map(tagsOn));
    expect(first).toEqual(["acme/ledger:3", "acme/pay:1", "acme/tool:2", "acme/web:2", "stranger:1"]);
    expect(second).toEqual(["acme/ledger:3", "acme/pay:1", "acme/web:2", "stranger:1"]);
  },
);

test("what is not as it should be is found with its owner, and what was waived is told apart", async () => {
  const findings = async () =>
    findingsPageSchema
      .parse(await spine.read("/api/v1/findings?state=all&limit=100"))
      .items.filter(({ state }) => state !== "resolved")
      .map(({ host, check, name, owner, state }) => [host, check, name, owner ?? "nobody", state].join(" "))
      .sort();

  await waitUntil(async () => (await findings()).length === 7, {
    what: "findings of what is left",
    deadlineMs: WAIT_MS,
  });

  expect(await findings()).toEqual([
    "gov-1 image-too-old acme/ledger:3 payments waived",
    "gov-1 image-too-old acme/pay:1 payments open",
    "gov-1 image-too-old acme/tool:2 nobody open",
    "gov-1 registry-not-allowed stranger:1 nobody open",
    "gov-2 image-too-old acme/ledger:3 payments waived",
    "gov-2 image-too-old acme/pay:1 payments open",
    "gov-2 registry-not-allowed stranger:1 nobody open",
  ]);
  const fleetScore = async () =>
    scoresPageSchema.parse(await spine.read("/api/v1/compliance?scope=fleet")).items[0];
  const judged = await waitUntil(
    async () => {
      const score = await fleetScore();
      return score?.open === 5 ? score : undefined;
    },
    { what: "the fleet's score to count what is open", deadlineMs: WAIT_MS },
  );
  expect(judged.score).toBeGreaterThan(0);
  expect(judged.score).toBeLessThan(100);
});

test("a pipeline is told whether an image may go out, and by which rules not", async () => {
  const refusing = async (name: string) =>
    apiGateSchema
      .parse(await spine.read(`/api/v1/gate?image=${name}`))
      .rules.filter(({ verdict }) => verdict === "refused")
      .map(({ check }) => check);

  expect(await spine.shipkeeper("gate", "acme/web:2")).toContain("allowed");
  expect(await refusing("acme/web:2")).toEqual([]);
  expect(await refusing("acme/pay:1")).toEqual(["image-too-old"]);
  expect(await refusing("stranger:1")).toEqual(["registry-not-allowed"]);
  await expect(spine.shipkeeper("gate", "stranger:1")).rejects.toThrow(/ended with 3: stranger:1 refused/);
});

test("a push reaches every host that listens", async () => {
  const revisions = async () =>
    hostsPageSchema
      .parse(await spine.read("/api/v1/hosts"))
      .items.map(({ policyRevision }) => policyRevision);
  const before = Math.max(...(await revisions()));

  await spine.pushPolicy(policies);

  await waitUntil(async () => (await revisions()).every((revision) => revision === before + 1), {
    what: "both hosts to go by the new revision",
    deadlineMs: WAIT_MS,
  });
});
