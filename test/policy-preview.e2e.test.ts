/** What a preview says of real hosts before a push is what their agents do after it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  startSpine,
  waitUntil,
  type Fleet,
  type Spine,
} from "@shipkeeper/lab";
import { isStep } from "@shipkeeper/policy";
import { apiRunDetailSchema, policyPreviewSchema, runsPageSchema } from "@shipkeeper/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";

const POLICY = `
policy: tidy
hosts: { test: preview }
mode: enforce
rules:
  - prune: cache
    every: 2s
    images: { unusedFor: 1s, keepNewest: 1 }
    containers: { exitedFor: 1s }
`;
const WAIT_MS = 90_000;

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-preview-"));
const policies = join(folder, "policies");
let fleet: Fleet;
let spine: Spine;

beforeAll(async () => {
  fleet = await startFleet({ hosts: ["web-1"] });
  const images = ["app:1", "app:2", "app:3", "job:1"].map((tag, index) =>
    forgeImage({ tags: [tag], layers: [busyboxLayer()], createdAt: new Date(Date.UTC(2024, index)) }),
  );
  await loadImages(fleet.host("web-1"), images);
  await runContainer(fleet.host("web-1"), { image: "app:1", name: "app" });
  await runContainer(fleet.host("web-1"), {
    image: "job:1",
    name: "job",
    behaves: { kind: "exited", code: 0 },
  });
  spine = await startSpine({ fleet, folder, labelsOf: () => ({ test: "preview" }) });
  await spine.addAgent(fleet.host("web-1"));
  mkdirSync(policies);
  writeFileSync(join(policies, "tidy.yaml"), POLICY);
});

afterAll(async () => {
  await spine?.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("what is previewed before the push is what is done after it", async () => {
  const previewed = await waitUntil(previewedSteps, {
    what: "a preview with both candidates",
    deadlineMs: WAIT_MS,
    everyMs: 500,
  });

  await spine.pushPolicy(policies);
  const done = await waitUntil(doneSteps, { what: "a run that is over", deadlineMs: WAIT_MS, everyMs: 500 });

  expect(previewed).toEqual(["remove app:2", "remove job"]);
  expect(done).toEqual(previewed);
});

/** Undefined until the agent has told enough, and what is there has been unused for long enough. */
async function previewedSteps(): Promise<string[] | undefined> {
  const text = await spine.shipkeeper("policy", "preview", policies, "--explain", "web-1", "--json");
  const { round, warnings } = policyPreviewSchema.parse(JSON.parse(text));
  const steps = (round?.planned ?? []).flatMap(({ verdicts }) => verdicts.filter(isStep));
  if (warnings.some(({ code }) => code === "unsound")) throw new Error(JSON.stringify(warnings));
  return steps.length < 2
    ? undefined
    : steps.map(({ decision, target }) => `${decision} ${target.name}`).toSorted();
}

async function doneSteps(): Promise<string[] | undefined> {
  spine.assertRunning();
  const { items } = runsPageSchema.parse(await spine.read("/api/v1/runs?limit=1&result=ok"));
  const [run] = items;
  if (run === undefined) return undefined;
  const { outcome } = apiRunDetailSchema.parse(await spine.read(`/api/v1/runs/${run.id}`));
  return (outcome?.steps ?? [])
    .filter(({ status }) => status === "done")
    .map(({ decision, target }) => `${decision} ${target.name}`)
    .toSorted();
}
