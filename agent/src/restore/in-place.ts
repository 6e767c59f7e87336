/**
 * Restores over what is there: read beside it first, then, with the containers that use it stopped, saved and exchanged.
 * What was there is kept for a week and can be put back.
 */
import { randomUUID } from "node:crypto";
import { basename, dirname } from "node:path";
import { InvalidInput, firstMatch, formatInstant } from "@shipkeeper/kit";
import type { EngineReader } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import { SAFETY_RULE, readDatasetId, type Guardrails } from "@shipkeeper/policy";
import { tagOf, type Restic } from "@shipkeeper/restic";
import { fetchContent } from "./fetch-content.ts";
import { findRestorePoint, type FoundRestorePoint } from "./find-restore-point.ts";
import { RestoreRefused } from "./refused.ts";
import { describe, keyOf, type RestoreWhat } from "./restore.ts";
import { withStaging } from "./staging.ts";
import { swapContent, type SwapDeps, type SwapEngine } from "./swap.ts";
import type { Swap } from "./swap-journal.ts";

export interface InPlaceOptions extends Omit<RestoreWhat, "files"> {
  readonly engine: SwapEngine & Pick<EngineReader, "volumes">;
  readonly journal: SwapDeps["journal"];
  readonly clock: SwapDeps["clock"];
  readonly guardrails: Guardrails;
  /** In whose name the safety backup is made. */
  readonly hostId: string;
  /** Containers that the agent itself runs in. */
  readonly self: readonly string[];
  /**
   * Takes a container in hand for as long as the restore lasts, so that nobody heals or backs up what is stopped: what
   * lets go, or undefined where somebody else has it. Left out where nobody else works on this host.
   */
  readonly hold?: ((container: string) => (() => void) | undefined) | undefined;
  /** Where the dataset has another name here. */
  readonly dataset?: string | undefined;
}

/** Throws `RestoreRefused`, or what restic and the engine throw; then the dataset is what it was, and its containers run. */
export async function restoreInPlace(options: InPlaceOptions): Promise<Swap> {
  const { restic, engine, guardrails, journal, clock, hostId, onProgress } = options;
  const signal = options.signal ?? new AbortController().signal;
  const found = await findRestorePoint(options.restorePoint, restic, signal);
  const dataset = options.dataset ?? tagOf(found.snapshot, "dataset") ?? "";
  const folder = await folderOf(dataset, engine);
  refuseUnlisted(dataset, guardrails);
  onProgress(describe(found));

  const held: (() => void)[] = [];
  const refuse = (container: Container) => whyNotStopped(container, options) ?? whyNotHeld(container);
  const parent = dirname(folder);
  return withStaging({ parent, key: keyOf(found, folder, {}), signal }, async (staging) => {
    const incoming = await fetchContent(found, staging, { ...options, signal });
    const swap = await swapContent(
      {
        dataset,
        folder,
        incoming,
        source: sourceOf(found),
        refuse,
        save: () => saveFirst({ restic, repository: found.repository, hostId, dataset, folder, signal }),
      },
      { engine, journal, clock, tell: onProgress },
    );
    onProgress(`${dataset} is restored; what it was before is kept: restore --undo ${swap.id}`);
    return swap;
  }).finally(() => held.forEach((release) => release()));

  function whyNotHeld({ id }: Container): string | undefined {
    if (options.hold === undefined) return undefined;
    const release = options.hold(id);
    if (release === undefined) return "the agent has it in hand; order it again in a moment";
    held.push(release);
    return undefined;
  }
}

/** Puts back what a restore in place replaced. That can be undone in turn. */
export async function undoRestore(
  id: string,
  options: Pick<InPlaceOptions, "engine" | "journal" | "clock" | "guardrails" | "self" | "onProgress">,
): Promise<Swap> {
  const { engine, journal, clock, guardrails, onProgress } = options;
  const kept = journal.all().filter(({ phase }) => phase === "done");
  const earlier = kept.find((swap) => swap.id === id);
  if (earlier === undefined) {
    const known = kept.map((one) => `${one.id}  ${one.dataset}, replaced ${formatInstant(one.at)}`);
    throw new InvalidInput(`there is no restore ${id} to undo`, known.length > 0 ? known : ["none is kept"]);
  }
  const { dataset, folder, undo } = earlier;
  refuseUnlisted(dataset, guardrails);
  const swap = await swapContent(
    {
      dataset,
      folder,
      incoming: undo,
      source: `what it was before restore ${id}`,
      refuse: (container) => whyNotStopped(container, options),
    },
    { engine, journal, clock, tell: onProgress },
  );
  journal.remove(earlier);
  onProgress(`${dataset} is what it was before; what it was until now is kept: restore --undo ${swap.id}`);
  return swap;
}

/** Only plain folders: a volume of a driver, or with options of its own, is mounted from elsewhere and cannot be moved. */
async function folderOf(id: string, engine: InPlaceOptions["engine"]): Promise<string> {
  const dataset = readDatasetId(id);
  if (dataset?.kind === "bind") return dataset.name;
  if (dataset?.kind !== "volume") {
    throw new RestoreRefused(`${id || "something unknown"} is no volume and no folder: it has no place here`);
  }
  const volume = (await engine.volumes()).find(({ name }) => name === dataset.name);
  if (volume === undefined)
    throw new RestoreRefused(`there is no volume ${dataset.name}; restore --into makes one`);
  if (volume.driver !== "local" || basename(volume.mountpoint) !== "_data") {
    throw new RestoreRefused(`volume ${volume.name} is of driver ${volume.driver}; restore into a new one`);
  }
  return volume.mountpoint;
}

function refuseUnlisted(id: string, { allow, neverTouch }: Guardrails): void {
  const name = readDatasetId(id)?.name ?? id;
  if (firstMatch(allow.restoreOverExisting, [name]) === undefined) {
    throw new RestoreRefused(
      `the guardrails do not list ${name} under allow.restoreOverExisting; restore into a new volume and switch over to it`,
    );
  }
  const pattern = firstMatch(neverTouch.volumes, [name]);
  if (pattern !== undefined)
    throw new RestoreRefused(`the guardrails say never to touch ${name} (${pattern})`);
}

function whyNotStopped(
  { id, name }: Container,
  { guardrails, self }: Pick<InPlaceOptions, "guardrails" | "self">,
): string | undefined {
  if (self.includes(id)) return "the agent runs in it";
  const pattern = firstMatch(guardrails.neverTouch.containers, [name]);
  return pattern === undefined ? undefined : `the guardrails say never to touch it (${pattern})`;
}

/** Into the repository that is restored from: it is known to work, and somebody looks there. */
async function saveFirst({
  restic,
  repository,
  signal,
  ...what
}: {
  restic: Restic;
  repository: string;
  hostId: string;
  dataset: string;
  folder: string;
  signal: AbortSignal;
}): Promise<string> {
  const marks = { ...SAFETY_RULE, runId: randomUUID() };
  const { snapshot } = await restic.backUp(repository, { ...what, ...marks }, signal);
  return snapshot.id;
}

function sourceOf({ repository, snapshot }: FoundRestorePoint): string {
  return `restore point ${snapshot.id} of repository ${repository}`;
}
