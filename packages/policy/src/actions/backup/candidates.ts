/** Everything that a backup rule has to say something about: each a dataset, and why it stays out or what it relies on. */
import { firstMatch } from "@shipkeeper/kit";
import type { Image, Inventory, Volume } from "@shipkeeper/model";
import { datasetId, type Dataset } from "../../dataset/dataset.ts";
import { noDataAt, writableBinds, type WritableBind } from "../../dataset/mounted.ts";
import { selectsVolume } from "../../language/select.ts";
import type { World } from "../../round/world.ts";
import type { Target } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import { expectVolume, type Expectation } from "../expectation.ts";
import { protectsImage, protectsVolume } from "../never-touch.ts";
import { datasetTarget } from "../target.ts";
import { holdStill, type Still } from "./hold-still.ts";
import type { BackupReason } from "./reason.ts";
import type { BackupSpec } from "./spec.ts";

/** What a rule looks at. */
export interface Scene extends Pick<World, "guardrails" | "self" | "hostLabels" | "exceptions"> {
  readonly inventory: Pick<Inventory, "containers" | "images" | "volumes" | "gaps">;
}

export interface Candidate {
  readonly target: Target;
  /** Why it stays out. */
  readonly left?: BackupReason | undefined;
  readonly still?: Still["still"];
  readonly expect: Expectation;
  readonly bytes?: number | undefined;
  /** A restore point from after this time holds just what a next one would. */
  readonly unchangedSince?: number | undefined;
}

/** What a rule selects nothing of is not spoken of. */
export function candidatesOf(spec: BackupSpec, world: Scene): Candidate[] {
  const { volumes, labels, binds, host, images } = spec.select;
  const sorted = world.inventory.volumes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [
    ...(host === undefined ? [] : [candidate(spec, world, { dataset: HOST, facts: {}, left: undefined })]),
    ...(volumes === undefined && labels === undefined
      ? []
      : sorted.map((volume) => ofVolume(spec, world, volume))),
    ...(binds === undefined
      ? []
      : writableBinds(world.inventory.containers).map((bind) => ofBind(spec, world, bind))),
    ...(images === undefined ? [] : usedImages(world).map((image) => ofImage(spec, world, image))),
  ];
}

const HOST: Dataset = { kind: "host", name: "configuration" };

interface Found {
  readonly dataset: Dataset;
  readonly owner?: string | undefined;
  readonly left: BackupReason | undefined;
  /** What must be the same when the step is taken. */
  readonly facts: Expectation;
}

function candidate(spec: BackupSpec, world: Scene, { dataset, owner, left, facts }: Found): Candidate {
  const target = datasetTarget(dataset, owner);
  const stays = left ?? exceptionFor(world, target);
  if (stays !== undefined) return { target, left: stays, expect: {} };
  const still = holdStill(spec.consistency, dataset, world);
  if ("why" in still) return { target, left: still, expect: {} };
  const { expect, ...told } = still;
  return { target, ...told, expect: { dataset: datasetId(dataset), ...facts, ...expect } };
}

function ofVolume(spec: BackupSpec, world: Scene, volume: Volume): Candidate {
  const kind = typeof spec.consistency === "object" ? "dump" : "volume";
  const { name, owner, sizeBytes } = volume;
  const found = { dataset: { kind, name } as const, owner, facts: expectVolume(volume) };
  return {
    ...candidate(spec, world, { ...found, left: whyNotVolume(spec, world, volume) }),
    bytes: kind === "dump" ? undefined : sizeBytes,
  };
}

function whyNotVolume({ select }: BackupSpec, world: Scene, volume: Volume): BackupReason | undefined {
  const protectedBy = protectsVolume(world.guardrails.neverTouch, volume);
  if (protectedBy !== undefined) return { why: "never-touch", by: protectedBy };
  const selector = { names: select.volumes, labels: select.labels };
  if (!selectsVolume(selector, volume)) return { why: "not-selected" };
  if (volume.driver !== "local") return { why: "driver", driver: volume.driver };
  // Its name is random, so that a pattern hits it by chance; a label was written on purpose.
  if (volume.anonymous && select.labels === undefined) return { why: "anonymous" };
  return undefined;
}

function ofBind(spec: BackupSpec, world: Scene, { path, writers }: WritableBind): Candidate {
  const owner = writers.find((writer) => writer.owner !== undefined)?.owner;
  const found = { dataset: { kind: "bind", name: path } as const, owner, facts: { path } };
  return candidate(spec, world, { ...found, left: whyNotBind(spec, world, path) });
}

function whyNotBind({ select }: BackupSpec, { guardrails }: Scene, path: string): BackupReason | undefined {
  if (firstMatch(select.binds ?? [], [path]) === undefined) return { why: "not-selected" };
  const what = noDataAt(path);
  if (what !== undefined) return { why: "no-data", what };
  return firstMatch(guardrails.allow.binds, [path]) === undefined ? { why: "bind-not-allowed" } : undefined;
}

function usedImages({ inventory: { images, containers } }: Scene): Image[] {
  const used = new Set<string>(containers.map(({ imageId }) => imageId));
  return images.filter(({ id }) => used.has(id)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function ofImage(spec: BackupSpec, world: Scene, image: Image): Candidate {
  const { id, tags, digests, owner, sizeBytes, memory, lastTaggedAt = 0 } = image;
  const name = tags.toSorted()[0] ?? id;
  const [digest] = digests;
  const by = protectsImage(world.guardrails.neverTouch, image);
  const left =
    digest !== undefined
      ? ({ why: "in-registry", digest } as const)
      : by === undefined
        ? undefined
        : ({ why: "never-touch", by } as const);
  const found = { dataset: { kind: "image", name } as const, owner, left, facts: { id } };
  return {
    ...candidate(spec, world, found),
    bytes: sizeBytes,
    // The name may have been another image's before.
    unchangedSince:
      memory === undefined ? undefined : Math.max(memory.firstSeenAt, memory.lastTaggedAt ?? 0, lastTaggedAt),
  };
}
