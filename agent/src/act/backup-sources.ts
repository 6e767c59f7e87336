/** Where the data of each kind of dataset comes from: looked at once more, right before it is read. */
import { realpath } from "node:fs/promises";
import { firstMatch } from "@shipkeeper/kit";
import type { VolumeName } from "@shipkeeper/model";
import { IMAGE_FILE, expectVolume, noDataAt, type DatasetKind, type Expectation } from "@shipkeeper/policy";
import type { ActContext } from "./action-context.ts";
import { makeDump } from "../dump/make-dump.ts";
import type { BackupStep } from "./backup-step.ts";

/** A folder or a file of the host, or what a program writes. */
export type Data = {
  /** More tags of the restore point. */
  readonly about?: readonly string[];
} & (
  | { readonly folder: string }
  | {
      /** Of the one file in the restore point. */
      readonly filename: string;
      /** Throws where it is not whole; begun anew where restic is. */
      readonly content: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
    }
);

export interface Found {
  /** What the plan relied on, as it is now. */
  readonly expect: Expectation;
  readonly data: Data;
  /** Clears away what was made for the backup only. */
  readonly done?: () => Promise<void>;
}

/** Undefined where the dataset is gone. */
export type Source = (step: BackupStep, context: ActContext) => Promise<Found | undefined>;

/** A kind without a source cannot be backed up by this agent. */
export const sources: Readonly<Partial<Record<DatasetKind, Source>>> = {
  volume: async (step, context) => {
    const volume = await volumeOf(step, context);
    return volume && { expect: expectVolume(volume), data: { folder: volume.mountpoint } };
  },

  dump: async (step, context) => {
    const volume = await volumeOf(step, context);
    return volume && { expect: expectVolume(volume), data: await dumpOf(step, context) };
  },

  bind: async ({ dataset: { name: path } }, context) => {
    const real = await realpath(path).catch(absent);
    if (real === undefined) return undefined;
    await assertAllowed(path, real, context);
    return { expect: { path }, data: { folder: real } };
  },

  host: async (_, { keepHostBundle, guardrails, signal }) => ({
    expect: {},
    data: await keepHostBundle({ hooks: guardrails().hooks, signal }),
  }),

  image: async ({ dataset: { name } }, { engine }) => {
    const image = (await engine.imageNames()).find(({ id, tags }) => id === name || tags.includes(name));
    return image && { expect: { id: image.id }, data: { filename: IMAGE_FILE, content: savedImage } };

    async function* savedImage(signal: AbortSignal): AsyncGenerator<Uint8Array> {
      yield* await engine.saveImage(name, { signal });
    }
  },
};

function dumpOf({ dataset, hook = "", containers }: BackupStep, { engine, guardrails }: ActContext) {
  const [container] = containers;
  return makeDump({ volume: dataset.name, hook, hooks: guardrails().hooks, container }, engine);
}

async function volumeOf({ dataset }: BackupStep, { engine }: ActContext) {
  return (await engine.volumes()).find(({ name }) => name === (dataset.name as VolumeName));
}

/** A path that leads elsewhere by a link must be allowed there, too: otherwise whoever writes to it chooses what is read. */
async function assertAllowed(path: string, real: string, context: ActContext): Promise<void> {
  const { guardrails, engine } = context;
  const { facts } = await engine.facts().then(({ engine: facts }) => ({ facts }));
  for (const one of new Set([path, real])) {
    const isAllowed = firstMatch(guardrails().allow.binds, [one]) !== undefined;
    const isEngines = facts.rootDir !== undefined && isWithin(one, facts.rootDir);
    if (isAllowed && !isEngines && noDataAt(one) === undefined) continue;
    const where = one === path ? path : `${path}, which leads to ${one},`;
    throw new Error(`the host's guardrails do not allow to back up ${where}`);
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}
