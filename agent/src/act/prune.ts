/** Removes containers and images, one at a time by full id, each looked at once more right before. */
import { assert } from "@shipkeeper/kit";
import type { Container, ContainerId, Image, ImageId } from "@shipkeeper/model";
import { expectContainer, expectImage, firstChange, type Verdict } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler, StepResult } from "./apply-plan.ts";
import { GONE, IN_USE, removeContainer } from "./container-steps.ts";

export const pruneHandler: ActionHandler = {
  exclusive: true,
  freesSpace: true,

  take(verdict, context) {
    const { type, id } = verdict.target;
    assert(verdict.decision === "remove", `prune knows no decision ${verdict.decision}`);
    if (type === "container") return removeContainer(verdict, context);
    assert(type === "image", `prune never removes a ${type}`);
    return removeImage(id as ImageId, verdict, context);
  },

  async settle({ verdict }, { engine, signal }) {
    const { type, id } = verdict.target;
    const seen =
      type === "container"
        ? await engine.container(id as ContainerId, { signal }).then((now) => now && expectContainer(now))
        : await engine.image(id as ImageId, { signal }).then((now) => now && expectImage(now));
    if (seen === undefined) return { status: "done", why: "found-gone" };
    const changed = firstChange(verdict.expect ?? {}, seen);
    return changed === undefined
      ? { status: "skipped", why: "cut-off" }
      : { status: "unknown", why: "found-changed", facts: { changed } };
  },
};

async function removeImage(id: ImageId, verdict: Verdict, context: ActContext): Promise<StepResult> {
  const { engine } = context;
  const seen = await engine.image(id);
  if (seen === undefined) return GONE;
  const changed = firstChange(verdict.expect ?? {}, expectImage(seen));
  if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };
  // The engine takes a name off an image in use as long as another name stays, so the last word is not left to it.
  const user = await userOf(seen, context);
  if (user !== undefined) return { ...IN_USE, facts: { by: user } };

  for (const reference of [...seen.tags, ...seen.digests]) {
    if ((await engine.removeImage(reference)) === "in-use") return IN_USE;
  }
  // Nameless images are removed by their id; the others went with their last name.
  return (await engine.removeImage(id)) === "in-use" ? IN_USE : { status: "done" };
}

/** The name of a container, in whatever state, that is made from the image. Throws where one cannot be looked at. */
async function userOf({ id, tags }: Image, context: ActContext): Promise<string | undefined> {
  const known = knownContainers.get(context) ?? new Map<ContainerId, Container>();
  knownContainers.set(context, known);
  for (const containerId of await context.engine.containerIds()) {
    const container = known.get(containerId) ?? (await context.engine.container(containerId));
    if (container === undefined) continue;
    known.set(containerId, container);
    if (container.imageId === id || tags.includes(container.image)) return container.name;
  }
  return undefined;
}

/** Per run: what a container was made from never changes, so that each is inspected once and not once an image. */
const knownContainers = new WeakMap<ActContext, Map<ContainerId, Container>>();
