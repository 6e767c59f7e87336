/**
 * A whole host, rebuilt for a try out of one repository, from finding it to the receipt. It is a recovery of the host as one
 * that touches nothing (`scratchHost`): the same plan, the same steps. Nothing of this host is changed, read or reached;
 * that what was made goes again is the caller's part (`withCleanUp`).
 */
import { rebuiltDataset, type RecoveryKind, type RecoveryStep } from "@shipkeeper/policy";
import type { DrillPhase, DrillReceipt } from "@shipkeeper/protocol";
import type { RecoveryContext } from "../../recover/take-recovery-step.ts";
import { makeStaging } from "../../restore/staging.ts";
import { hostStagingName, stagingName } from "../drill/scratch.ts";
import { phaseClock, withReceipt, type Findings } from "../drill/with-receipt.ts";
import { noteImages } from "./brought-images.ts";
import { locateHost, type LocatedHost, type RebuildContext, type RebuildRequest } from "./locate-host.ts";
import { problemOf } from "./problem-of.ts";
import { lookAtContainers, startContainers } from "./start-containers.ts";

/** Never throws for what is wrong with the backup: that is what the receipt says. Throws where the agent has to stop. */
export function rebuild(request: RebuildRequest, context: RebuildContext): Promise<DrillReceipt> {
  const { host, from, drill } = request.spec;
  const about = { dataset: rebuiltDataset(host), repository: from };
  return withReceipt({ about, timeoutMs: drill.timeout, rtoMs: drill.rto }, context, (found, signal) =>
    takePhases(request, found, { ...context, signal }),
  );
}

/** What each kind of step counts for. */
const PHASES: Readonly<Record<RecoveryKind, DrillPhase>> = {
  image: "fetch",
  volume: "fetch",
  folder: "fetch",
  network: "boot",
  container: "boot",
  start: "ready",
  feed: "ready",
};

async function takePhases(request: RebuildRequest, found: Findings, context: RebuildContext): Promise<void> {
  const { engine, clock, runId, signal, log } = context;
  const phase = phaseClock(found, clock);
  const { rootDir } = (await engine.facts({ signal })).engine;
  const folder = await makeStaging(rootDir, hostStagingName(runId));
  // Only from the repository that is tried: a copy elsewhere proves nothing for it.
  const restic = { ...request.restic, repositoryNames: [request.spec.from] };

  const host = await phase("locate", () => locateHost({ ...request, restic }, { found, folder }, context));
  const { configuration, points } = host.scratch;
  const of = (name: DrillPhase) => host.steps.filter(({ kind }) => PHASES[kind] === name);
  const recovery: RecoveryContext = {
    ...context,
    restic,
    configuration,
    points,
    scratch: folder,
    uncontained: false,
    tried: { stagingName: stagingName(runId) },
    onProgress: (line) => log.debug({ runId }, line),
  };

  await phase("fetch", () => fetchAll(of("fetch"), { host, recovery, folder }));
  const unmade = await phase("boot", () => makeAll(of("boot"), { host, recovery }));
  const started = await phase("ready", () => startContainers(of("ready"), { host, recovery, unmade }));
  found.assertions = await phase("verify", () => lookAtContainers(started, host, recovery));
  found.rebuilt = countOf(host);
}

interface Rebuilding {
  readonly host: LocatedHost;
  readonly recovery: RecoveryContext;
}

/** Without its data a host is none: the first thing that does not come back ends the drill. */
async function fetchAll(
  steps: readonly RecoveryStep[],
  { host, recovery, folder }: Rebuilding & { readonly folder: string },
): Promise<void> {
  await noteImages(folder, host.scratch.configuration, recovery.engine);
  for (const step of steps) {
    const problem = await problemOf(step, recovery);
    if (problem !== undefined)
      throw new Error(host.say(`${step.kind} ${step.name} did not come back: ${problem}`));
  }
}

/** Containers that could not be made, and why: the others are tried all the same. */
async function makeAll(
  steps: readonly RecoveryStep[],
  { host, recovery }: Rebuilding,
): Promise<ReadonlyMap<string, string>> {
  const unmade = new Map<string, string>();
  for (const step of steps) {
    const problem = await problemOf(step, recovery);
    if (problem === undefined) continue;
    if (step.kind !== "container") throw new Error(host.say(`${step.kind} ${step.name}: ${problem}`));
    unmade.set(step.name, problem);
  }
  return unmade;
}

function countOf({ steps, scratch }: LocatedHost): NonNullable<Findings["rebuilt"]> {
  const count = (kind: RecoveryKind) => steps.filter((step) => step.kind === kind).length;
  return {
    containers: scratch.configuration.containers.length,
    volumes: count("volume"),
    networks: count("network"),
    images: count("image"),
  };
}
