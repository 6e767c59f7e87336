/** Removes what a host can do without, one thing at a time by full id, each looked at once more right before. */
import { assert, AssertionFailed } from "@shipkeeper/kit";
import type { EngineReader } from "@shipkeeper/docker";
import type { ContainerId, ImageId, VolumeName } from "@shipkeeper/model";
import {
  expectBuildCache,
  expectContainer,
  expectImage,
  expectNetwork,
  expectVolume,
  firstChange,
  type Expectation,
  type Verdict,
} from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler, StepResult } from "./apply-plan.ts";
import { GONE, IN_USE, removeContainer } from "./container-steps.ts";
import { containerWhere } from "./containers-of-run.ts";
import { removeBuildCache, removeNetwork } from "./prune-leftovers.ts";
import { hasLostItsReason } from "./prune-pressure.ts";
import { removeVolume } from "./prune-volume.ts";

export const pruneHandler: ActionHandler = {
  exclusive: true,
  freesSpace: true,

  async take(verdict, context) {
    const { type, id } = verdict.target;
    assert(verdict.decision === "remove", `prune knows no decision ${verdict.decision}`);
    if (await hasLostItsReason(verdict, context)) return { status: "skipped", why: "pressure-relieved" };
    switch (type) {
      case "container":
        return removeContainer(verdict, context);
      case "image":
        return removeImage(id as ImageId, verdict, context);
      case "volume":
        return removeVolume(id as VolumeName, verdict, context);
      case "network":
        return removeNetwork(id, verdict, context);
      case "build-cache":
        return removeBuildCache(id, verdict, context);
      default:
        return neverRemoves(type);
    }
  },

  async settle({ verdict }, { engine, signal }) {
    const seen = await lookAgain(verdict, engine, signal);
    if (seen === undefined) return { status: "done", why: "found-gone" };
    // What the step would have looked at elsewhere, such as a restore point, says nothing of how it ended.
    const changed = firstChange(verdict.expect ?? {}, { ...verdict.expect, ...seen });
    return changed === undefined
      ? { status: "skipped", why: "cut-off" }
      : { status: "unknown", why: "found-changed", facts: { changed } };
  },
};

/** What a step relied on, as it is now; undefined where its target is gone. */
async function lookAgain(
  { target: { type, id } }: Verdict,
  engine: EngineReader,
  signal: AbortSignal,
): Promise<Expectation | undefined> {
  switch (type) {
    case "container":
      return engine.container(id as ContainerId, { signal }).then((now) => now && expectContainer(now));
    case "image":
      return engine.image(id as ImageId, { signal }).then((now) => now && expectImage(now));
    case "volume": {
      const volume = (await engine.volumes({ signal })).find(({ name }) => name === id);
      return volume && expectVolume(volume);
    }
    case "network":
      return engine.network(id, { signal }).then((now) => now && expectNetwork(now.network));
    case "build-cache": {
      const record = (await engine.buildCache({ signal })).find((one) => one.id === id);
      return record && expectBuildCache(record);
    }
    default:
      return neverRemoves(type);
  }
}

function neverRemoves(type: string): never {
  throw new AssertionFailed(`prune never removes a ${type}`);
}

async function removeImage(id: ImageId, verdict: Verdict, context: ActContext): Promise<StepResult> {
  const { engine } = context;
  const seen = await engine.image(id);
  if (seen === undefined) return GONE;
  const changed = firstChange(verdict.expect ?? {}, expectImage(seen));
  if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };
  // The engine takes a name off an image in use as long as another name stays, so the last word is not left to it.
  const user = await containerWhere(
    context,
    ({ imageId, image }) => imageId === id || seen.tags.includes(image),
  );
  if (user !== undefined) return { ...IN_USE, facts: { by: user.name } };

  for (const reference of [...seen.tags, ...seen.digests]) {
    if ((await engine.removeImage(reference)) === "in-use") return IN_USE;
  }
  // Nameless images are removed by their id; the others went with their last name.
  return (await engine.removeImage(id)) === "in-use" ? IN_USE : { status: "done" };
}
