/** What a drill made goes again, in whatever way it ended. */
import { errorChain } from "@shipkeeper/kit";
import { removeStaging, stagingFolder } from "../../restore/staging.ts";
import type { ActContext } from "../action-context.ts";
import { removeBroughtImages } from "../rebuild/brought-images.ts";
import { StepLeftOpen } from "../step-left-open.ts";
import { hostStagingName, removeScratch, stagingName } from "./scratch.ts";

type OwnContext = Pick<ActContext, "engine" | "runId" | "pause" | "signal" | "log">;

/** Nothing of `work` is left when this ends. */
export async function withCleanUp<T>(
  work: () => Promise<T>,
  context: OwnContext & Pick<ActContext, "trouble">,
): Promise<T> {
  try {
    return await work();
  } finally {
    await cleanUp(context);
  }
}

/** What cannot be removed now is tried again before the next drill and, where the agent stops before, at its next start. */
async function cleanUp(context: OwnContext & Pick<ActContext, "trouble">): Promise<void> {
  try {
    await removeOwnScratch(context);
  } catch (error) {
    if (error instanceof StepLeftOpen) throw error;
    context.trouble("drill_leftovers", `a drill left something behind: ${errorChain(error)}`);
  }
}

export async function removeOwnScratch(context: OwnContext): Promise<void> {
  const { engine, runId } = context;
  await removeScratch((id) => id === runId, context);
  const { rootDir } = (await engine.facts()).engine;
  await removeBroughtImages(stagingFolder(rootDir, hostStagingName(runId)), context);
  await removeStaging(rootDir, hostStagingName(runId));
  await removeStaging(rootDir, stagingName(runId));
}
