/**
 * Which dataset is restored for a try, from which repository, and what is started on it. One at a time, so that a drill
 * never takes more of a host than one application does; who waited longest goes first. How a drill is done is not known here.
 */
import { DAY_MS, newest, type Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { readDatasetId, type Dataset, type DatasetId } from "../../dataset/dataset.ts";
import type { Proof } from "../../dataset/proof.ts";
import { takeBackNamed } from "../../dump-program.ts";
import type { KnownRestorePoint, World } from "../../round/world.ts";
import type { Plan, VerdictFor } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import type { Expectation } from "../expectation.ts";
import { isSelf } from "../never-touch.ts";
import type { DrillReason } from "./reason.ts";
import { missingRoom } from "./room.ts";
import type { DrillSpec } from "./spec.ts";

export type DrillVerdict = VerdictFor<DrillReason>;

/** What failed is tried again after this at the latest: a broken backup shall not stay unnoticed for a week. */
const AGAIN_MS = DAY_MS;

interface Candidate {
  readonly dataset: DatasetId;
  readonly point: KnownRestorePoint;
  /** When it was last tried, with whatever result; -Infinity where never. */
  readonly lastAt: number;
  readonly verdict: DrillVerdict;
}

/** A verdict for every dataset of the backup rule that has a restore point; at most one of them is a step. */
export function planDrill(spec: DrillSpec, world: World, rule: string): Plan {
  // The companion of `policy/name` is `policy/name/drill`.
  const backupRule = rule.slice(0, rule.lastIndexOf("/"));
  const points = Map.groupBy(
    world.ledger.restorePoints.filter((point) => point.rule === backupRule),
    ({ dataset }) => dataset,
  );
  const idle: DrillVerdict[] = [];
  const due: Candidate[] = [];
  for (const [dataset, of] of [...points].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const judged = judge(dataset, of, spec, world);
    if ("verdict" in judged) due.push(judged);
    else idle.push({ target: targetOf(dataset), ...judged });
  }

  due.sort((a, b) => (a.lastAt === b.lastAt ? 0 : a.lastAt - b.lastAt));
  const first = due.find(({ verdict }) => verdict.decision === "drill");
  const inTurn = due.map(({ verdict }): DrillVerdict => {
    if (verdict.decision !== "drill" || first === undefined || verdict === first.verdict) return verdict;
    const reason: DrillReason = { why: "one-at-a-time", first: first.dataset };
    return { target: verdict.target, decision: "wait", reason };
  });
  const steps = inTurn.filter(({ decision }) => decision === "drill");
  const waiting = inTurn.filter(({ decision }) => decision !== "drill");
  return { kind: "drill", verdicts: [...steps, ...waiting, ...idle] };
}

function judge(
  id: DatasetId,
  points: readonly KnownRestorePoint[],
  spec: DrillSpec,
  world: World,
): Candidate | Pick<DrillVerdict, "decision" | "reason"> {
  const dataset = readDatasetId(id);
  if (dataset === undefined || dataset.kind === "host" || dataset.kind === "image")
    return { decision: "keep", reason: { why: "kind", kind: dataset?.kind ?? "unknown" } };
  const exception = exceptionFor(world, targetOf(id));
  if (exception !== undefined) return { decision: "keep", reason: exception };

  const wanted = spec.from === undefined ? spec.to : [spec.from];
  const known = wanted.filter((repository) => world.repositories.includes(repository));
  const [unknown = ""] = wanted;
  if (known.length === 0)
    return { decision: "refuse", reason: { why: "repository-unknown", repository: unknown } };
  const proofs = world.ledger.proofs.filter((proof) => proof.level === "drill" && proof.dataset === id);
  const point = pointInTurn(points, known, proofs);
  if (point === undefined) return { decision: "refuse", reason: { why: "no-restore-point" } };

  const last = newest(proofs);
  const ageMs = last === undefined ? Infinity : Math.max(0, world.now - last.at);
  if (last?.passed === true && ageMs < spec.every)
    return { decision: "keep", reason: { why: "drilled", lastAt: last.at, ageMs, everyMs: spec.every } };
  const againMs = Math.min(spec.every, AGAIN_MS);
  if (last?.passed === false && ageMs < againMs)
    return { decision: "keep", reason: { why: "failed", lastAt: last.at, ageMs, againMs } };

  const container = spec.start ? containerOn(dataset, world) : undefined;
  const hook = dataset.kind === "dump" ? (spec.hook ?? "") : undefined;
  const lacks = hook === undefined ? undefined : lackOf(hook, container, spec, world);
  if (hook !== undefined && lacks !== undefined)
    return { decision: "keep", reason: { why: "dump", hook, lacks } };
  const verdict = roomFor(point, container, world) ?? stepFor(point, { container, hook }, last, world.now);
  return { dataset: id, point, lastAt: last?.at ?? -Infinity, verdict };
}

/**
 * The newest restore point of the repository that was drilled longest ago: with a local one and a copy elsewhere, each is
 * drilled every second time.
 */
function pointInTurn(
  points: readonly KnownRestorePoint[],
  repositories: readonly string[],
  proofs: readonly Proof[],
): KnownRestorePoint | undefined {
  const lastIn = (repository: string) =>
    newest(proofs.filter((proof) => proof.repository === repository))?.at ?? -Infinity;
  const held = repositories.flatMap(
    (repository) => newest(points.filter((one) => one.repository === repository)) ?? [],
  );
  return held.reduce<KnownRestorePoint | undefined>(
    (first, one) => (first === undefined || lastIn(one.repository) < lastIn(first.repository) ? one : first),
    undefined,
  );
}

/** Waiting for room, or undefined where there is enough or nobody knows. */
function roomFor(
  point: KnownRestorePoint,
  container: Container | undefined,
  world: World,
): DrillVerdict | undefined {
  const { inventory } = world;
  const disk = inventory.host.disks.find(({ path }) => path === inventory.engine?.rootDir);
  if (point.bytes === undefined || disk === undefined) return undefined;
  const beside = container === undefined ? [] : besideOf(point, container, world);
  const bytes = [point, ...beside].reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const missing = missingRoom(bytes, disk);
  const reason = missing && ({ why: "no-room", ...missing } as const);
  return reason && { target: targetOf(point.dataset), decision: "wait", reason };
}

/** What else the container works on, as the same repository has it: it is restored along with the dataset. */
function besideOf(
  { dataset, repository }: KnownRestorePoint,
  container: Container,
  { ledger }: World,
): KnownRestorePoint[] {
  return ledger.restorePoints.filter((other) => {
    const read = readDatasetId(other.dataset);
    const isFiles = read?.kind === "volume" || read?.kind === "bind";
    const isBeside = other.repository === repository && other.dataset !== dataset;
    return isBeside && isFiles && mountOf(read, container) !== undefined;
  });
}

/** What is missing for a database to take a dump back; undefined where nothing is. */
function lackOf(
  name: string,
  container: Container | undefined,
  { start }: DrillSpec,
  { guardrails: { hooks } }: World,
): Extract<DrillReason, { why: "dump" }>["lacks"] | undefined {
  if (!start) return "start";
  if (takeBackNamed(hooks, name) === undefined) return "restore";
  return container === undefined ? "container" : undefined;
}

function stepFor(
  { dataset, repository, bytes }: KnownRestorePoint,
  { container, hook }: { container: Container | undefined; hook: string | undefined },
  last: Proof | undefined,
  now: Instant,
): DrillVerdict {
  const chosen = { repository, ...(container && { on: container.name }) };
  return {
    target: targetOf(dataset),
    decision: "drill",
    reason: reasonFor(chosen, last, now),
    expect: expectDrill({ dataset, repository, container, hook }),
    ...(bytes !== undefined && { bytes }),
  };
}

function reasonFor(
  chosen: { repository: string; on?: string },
  last: Proof | undefined,
  now: Instant,
): DrillReason {
  if (last === undefined) return { why: "never-drilled", ...chosen };
  const lastTime = { lastAt: last.at, ageMs: Math.max(0, now - last.at) };
  return last.passed
    ? { why: "due", ...chosen, ...lastTime }
    : { why: "failed-last", ...chosen, ...lastTime };
}

/** What a drill relies on: whose data, from where, and which program is tried out on it. */
export function expectDrill({
  dataset,
  repository,
  container,
  hook,
}: {
  readonly dataset: DatasetId;
  readonly repository: string;
  readonly container: Pick<Container, "id" | "imageId"> | undefined;
  /** Of a dump: what takes it back. */
  readonly hook?: string | undefined;
}): Expectation {
  return {
    dataset,
    repository,
    ...(container && { container: container.id, imageId: container.imageId }),
    ...(hook !== undefined && { hook }),
  };
}

/** Of the containers that use the dataset one that runs and writes: what is only read by others is not theirs. */
function containerOn(dataset: Dataset, { inventory, self }: World): Container | undefined {
  const users = inventory.containers.filter(
    (container) => mountOf(dataset, container) !== undefined && !isSelf(self, container),
  );
  const rank = (container: Container) =>
    (container.state === "running" ? 0 : 2) + (mountOf(dataset, container)?.readOnly === true ? 1 : 0);
  return users.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))[0];
}

/** Where a container has a dataset; undefined where it does not use it. */
export function mountOf(
  { kind, name }: Dataset,
  { mounts }: Pick<Container, "mounts">,
): Container["mounts"][number] | undefined {
  return mounts.find((mount) =>
    kind === "bind" ? mount.type === "bind" && mount.source === name : mount.volume === name,
  );
}

function targetOf(dataset: DatasetId): DrillVerdict["target"] {
  return { type: "dataset", id: dataset, name: dataset };
}
