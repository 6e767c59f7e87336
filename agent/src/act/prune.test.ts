import { EngineRefused } from "@shipkeeper/docker";
import { NO_STEPS } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { applyPlan } from "./apply-plan.ts";
import { pruneHandler } from "./prune.ts";
import { RUN_ID, actWorld, planOf, removeContainer, removeImage, summary } from "./testing/act-world.ts";

test("removes a container and an image by all of its names, then by its id", async () => {
  const { engine, context } = actWorld();
  const ended = engine.addContainer({
    image: engine.addImage({ tags: ["used:1"] }).id,
    name: "ended",
    state: "exited",
  });
  const image = engine.addImage({ tags: ["web:1", "web:one"] });

  const { outcomes } = await applyPlan(
    planOf(removeContainer(ended), removeImage(image)),
    pruneHandler,
    context,
  );

  expect(summary(await outcomes)).toEqual({ ended: "done", "web:1": "done" });
  expect(engine.mutations.map(({ call, subject }) => `${call} ${subject}`)).toEqual([
    `removeContainer ${ended.id}`,
    "removeImage web:1",
    "removeImage web:one",
    `removeImage ${image.id}`,
  ]);
  expect(await engine.image(image.id)).toBeUndefined();
});

test("what changed since the plan is left alone: a new tag, a container that was started", async () => {
  const { engine, context } = actWorld();
  const image = engine.addImage({ tags: ["web:1"] });
  const container = engine.addContainer({ image: "web:1", name: "ended", state: "exited" });
  const plan = planOf(removeContainer(container), removeImage({ ...image, tags: [] }));
  engine.startByHand(container.id);

  const { outcomes } = await applyPlan(plan, pruneHandler, context);

  expect(await outcomes).toMatchObject([
    { status: "skipped", why: "changed-since-plan", facts: { changed: "state" } },
    { status: "skipped", why: "changed-since-plan", facts: { changed: "tags" } },
  ]);
  expect(engine.mutations).toEqual([]);
});

test("an image keeps all its names when a container was made from it since the plan", async () => {
  const { engine, context } = actWorld();
  const image = engine.addImage({ tags: ["web:1", "web:one"] });
  const plan = planOf(removeImage(image));
  engine.addContainer({ image: "web:1", name: "late", state: "created" });

  const { outcomes } = await applyPlan(plan, pruneHandler, context);

  expect(await outcomes).toMatchObject([{ status: "skipped", why: "in-use", facts: { by: "late" } }]);
  expect(engine.mutations).toEqual([]);
});

test("nothing is removed where the containers cannot all be looked at", async () => {
  const { engine, context } = actWorld();
  const image = engine.addImage({ tags: ["web:1"] });
  engine.addContainer({ image: engine.addImage({ tags: ["other:1"] }).id });
  engine.fail({ call: "container", with: new Error("the engine hangs") });

  const { outcomes } = await applyPlan(planOf(removeImage(image)), pruneHandler, context);

  expect(summary(await outcomes)).toEqual({ "web:1": "failed: the engine hangs" });
  expect(engine.mutations).toEqual([]);
});

test("one bad step does not stop its neighbours; what is gone already is no failure", async () => {
  const { engine, context } = actWorld();
  const [bad, gone, good] = ["bad:1", "gone:1", "good:1"].map((tag) => engine.addImage({ tags: [tag] }));
  const plan = planOf(removeImage(bad!), removeImage(gone!), removeImage(good!));
  engine.forget(gone!.id);
  engine.fail({
    call: "removeImage",
    subject: "bad:1",
    with: new EngineRefused("remove image bad:1", { status: 500, reason: "device busy" }),
  });

  const { outcomes } = await applyPlan(plan, pruneHandler, context);

  expect(summary(await outcomes)).toEqual({
    "bad:1": "failed: the engine refused to remove image bad:1 (HTTP 500): device busy",
    "gone:1": "skipped: already-gone",
    "good:1": "done",
  });
});

test("after the stop file appears not one more step is taken", async () => {
  let steps = 0;
  const { engine, context } = actWorld({ holdBack: () => (steps++ === 0 ? undefined : "stop-file") });
  const images = ["a:1", "b:1", "c:1"].map((tag) => engine.addImage({ tags: [tag] }));

  const { outcomes } = await applyPlan(planOf(...images.map(removeImage)), pruneHandler, context);

  expect(summary(await outcomes)).toEqual({
    "a:1": "done",
    "b:1": "skipped: stop-file",
    "c:1": "skipped: stop-file",
  });
});

test("a journal that cannot be written stops the walk before anything happens", async () => {
  const full = () => {
    throw new Error("disk full");
  };
  const { engine, context } = actWorld();
  const plan = planOf(removeImage(engine.addImage({ tags: ["web:1"] })));

  const applied = applyPlan(plan, pruneHandler, { ...context, journal: { beginStep: full, endStep: full } });

  await expect(applied).rejects.toThrow("disk full");
  expect(engine.mutations).toEqual([]);
});

test("the intent is in the journal when the engine is asked, and the outcome afterwards", async () => {
  const { engine, context, ledger } = actWorld();
  const image = engine.addImage({ tags: ["web:1"] });
  const seen: unknown[] = [];
  const removeImageForReal = engine.removeImage.bind(engine);
  engine.removeImage = (reference) => {
    seen.push(ledger.journal.openRuns()[0]?.steps.map(({ outcome }) => outcome?.status ?? "open"));
    return removeImageForReal(reference);
  };

  const { outcomes } = await applyPlan(planOf(removeImage(image)), pruneHandler, context);
  await outcomes;

  expect(seen).toEqual([["open"], ["open"]]);
  expect(ledger.journal.openRuns()).toMatchObject([
    { runId: RUN_ID, steps: [{ outcome: { status: "done" } }] },
  ]);
  expect(ledger.asLedger().lastDay).toEqual({ ...NO_STEPS, images: 1 });
});
