/**
 * What of a host's data can be restored, by what its policies say: every volume, and every folder that containers may
 * write to, is covered, excluded for a while, or uncovered. Whether restore points are there is not asked here.
 */
import { unreachable, type Instant } from "@shipkeeper/kit";
import type { Target } from "../actions/action.ts";
import { candidatesOf, type Candidate, type Scene } from "../actions/backup/candidates.ts";
import { explainBackup } from "../actions/backup/explain.ts";
import { idleDecision } from "../actions/backup/reason.ts";
import { backupSpecSchema, type BackupSpec } from "../actions/backup/spec.ts";
import { datasetTarget, volumeTarget } from "../actions/target.ts";
import { datasetId, readDatasetId, type Dataset, type DatasetId } from "../dataset/dataset.ts";
import {
  bindPath,
  explainNoData,
  isWithin,
  noDataAt,
  writableBinds,
  type NoData,
} from "../dataset/mounted.ts";
import { exceptionsFor, ruleKey } from "../language/compile.ts";
import type { Policy } from "../language/policy.ts";
import { formatEnd } from "../language/values.ts";
import type { World } from "../round/world.ts";
import { excludes } from "./exclusion.ts";

/** A host as far as its coverage depends on it. */
export type CoverageScene = Scene & Pick<World, "now" | "repositories">;

/** What of a policy says what is backed up. */
export type CoveringPolicy = Pick<Policy, "name" | "rules" | "exceptions" | "coverage">;

/** A rule that backs something up. */
export interface CoveringRule {
  /** Its `ruleKey`. */
  readonly rule: string;
  /** What it makes restore points of: the volume or a dump of it, the folder or one that it is in. */
  readonly dataset: DatasetId;
  /** Those that the host knows, in the rule's order. */
  readonly repositories: readonly string[];
  readonly spec: BackupSpec;
}

export type Coverage =
  | { readonly is: "covered"; readonly by: readonly CoveringRule[] }
  | { readonly is: "excluded"; readonly reason: string; readonly until: Instant }
  /** `why` where a rule means it and cannot have it. */
  | { readonly is: "uncovered"; readonly why?: string }
  /** Nothing that anybody would want back. */
  | { readonly is: "no-data"; readonly why: NoData | "read-only" };

export interface Covered {
  readonly target: Target;
  readonly dataset: DatasetId;
  /** Names of the containers that have it, in whatever state. */
  readonly users: readonly string[];
  readonly coverage: Coverage;
}

/** Everything of a host that data can be in; what the host is made of and its images only where a rule covers them. */
export function judgeCoverage(policies: readonly CoveringPolicy[], scene: CoverageScene): Covered[] {
  const claims = policies.flatMap((policy) => claimsOf(policy, scene));
  const exclusions = policies.flatMap(({ coverage = [] }) =>
    coverage.filter(({ until }) => scene.now < until),
  );
  const { volumes, containers } = scene.inventory;
  const judge = (dataset: Dataset): Coverage => {
    const of = claims.filter((claim) => isPartOf(dataset, claim.dataset));
    const by = of.flatMap(({ covering }) => covering ?? []);
    if (by.length > 0) return { is: "covered", by };
    const excluded = exclusions.find((one) => excludes(one, dataset));
    const { reason, until } =
      excluded ?? of.find(({ exception }) => exception !== undefined)?.exception ?? {};
    if (reason !== undefined && until !== undefined) return { is: "excluded", reason, until };
    const why = of.find(({ obstacle }) => obstacle !== undefined)?.obstacle;
    return why === undefined ? { is: "uncovered" } : { is: "uncovered", why };
  };

  const ofVolumes = volumes.map((volume): Covered => {
    const dataset: Dataset = { kind: "volume", name: volume.name };
    const users = containers.filter(({ id }) => volume.users.includes(id)).map(({ name }) => name);
    return { target: volumeTarget(volume), dataset: datasetId(dataset), users, coverage: judge(dataset) };
  });
  const writable = writableBinds(containers);
  const ofBinds = writable.map(({ path, writers }): Covered => {
    const dataset: Dataset = { kind: "bind", name: path };
    const what = noDataAt(path);
    return {
      target: datasetTarget(dataset, writers.find(({ owner }) => owner !== undefined)?.owner),
      dataset: datasetId(dataset),
      users: writers.map(({ name }) => name),
      coverage: what === undefined ? judge(dataset) : { is: "no-data", why: what },
    };
  });
  return [
    ...ofVolumes,
    ...ofBinds,
    ...readOnlyBinds(scene, new Set(writable.map(({ path }) => path))),
    ...ofTheHost(claims),
  ].toSorted((a, b) => (a.dataset < b.dataset ? -1 : 1));
}

interface Claim {
  readonly target: Target;
  readonly dataset: Dataset;
  readonly covering?: CoveringRule;
  readonly exception?: { readonly reason: string; readonly until: Instant };
  /** Why it cannot have what it means, in words. */
  readonly obstacle?: string;
}

/** What the backup rules of a policy have to say of the host's data. */
function claimsOf(policy: CoveringPolicy, scene: CoverageScene): Claim[] {
  return policy.rules.flatMap((rule) => {
    const spec = rule.kind === "backup" ? backupSpecSchema.safeParse(rule.spec).data : undefined;
    if (spec === undefined) return [];
    const repositories = [...new Set(spec.to)].filter((name) => scene.repositories.includes(name));
    const key = ruleKey(policy.name, rule.name);
    const exceptions = exceptionsFor({ policy, rule }, scene.now);
    return candidatesOf(spec, { ...scene, exceptions }).flatMap((candidate): Claim[] => {
      const { target } = candidate;
      const dataset = readDatasetId(target.id);
      const left = candidate.left;
      if (dataset === undefined || left?.why === "not-selected" || left?.why === "in-registry") return [];
      if (left?.why === "exception") {
        return [{ target, dataset, exception: { reason: left.because, until: left.until } }];
      }
      const obstacle = obstacleOf(candidate, { key, repositories, mode: rule.mode });
      if (obstacle !== undefined) return [{ target, dataset, obstacle }];
      return [{ target, dataset, covering: { rule: key, dataset: target.id, repositories, spec } }];
    });
  });
}

/** What passes by itself is no obstacle: a container that restarts, a database that is down for a while. */
function obstacleOf(
  { target, left }: Candidate,
  { key, repositories, mode }: { key: string; repositories: readonly string[]; mode: string },
): string | undefined {
  if (left !== undefined && idleDecision(left) !== "wait") {
    return `${key}: ${explainBackup({ target, decision: "keep", reason: left })}`;
  }
  if (repositories.length === 0) return `${key}: this host knows none of its repositories`;
  return mode === "enforce" ? undefined : `${key} only observes`;
}

/** A dump is of the volume of its name; what is in a folder is backed up with it. */
function isPartOf({ kind, name }: Dataset, claimed: Dataset): boolean {
  if (kind === "bind") return claimed.kind === "bind" && isWithin(name, claimed.name);
  return kind === "volume" && ["volume", "dump"].includes(claimed.kind) && claimed.name === name;
}

function readOnlyBinds({ inventory }: Scene, writable: ReadonlySet<string>): Covered[] {
  const users = new Map<string, string[]>();
  for (const { name, mounts } of inventory.containers) {
    const paths = mounts.filter(({ type }) => type === "bind").map(bindPath);
    for (const path of new Set(paths)) {
      if (!writable.has(path)) users.set(path, [...(users.get(path) ?? []), name]);
    }
  }
  return [...users].map(([path, names]): Covered => {
    const dataset: Dataset = { kind: "bind", name: path };
    const coverage = { is: "no-data", why: noDataAt(path) ?? "read-only" } as const;
    return { target: datasetTarget(dataset, undefined), dataset: datasetId(dataset), users: names, coverage };
  });
}

/** The host's configuration and its images: nobody misses a backup of them that nobody asked for. */
function ofTheHost(claims: readonly Claim[]): Covered[] {
  const ofKind = claims.filter(({ dataset }) => dataset.kind === "host" || dataset.kind === "image");
  return [...Map.groupBy(ofKind, ({ target }) => target.id)].flatMap(([dataset, some]) => {
    const by = some.flatMap(({ covering }) => covering ?? []);
    const target = some[0]?.target;
    if (target === undefined || by.length === 0) return [];
    return [{ target, dataset, users: [], coverage: { is: "covered", by } as const }];
  });
}

/** `covered by production/databases`, `excluded until 2027-06-30: can be made again` */
export function explainCoverage(coverage: Coverage): string {
  switch (coverage.is) {
    case "covered":
      return `covered by ${coverage.by.map(({ rule, repositories }) => `${rule} (${repositories.join(", ")})`).join(" and ")}`;
    case "excluded":
      return `excluded until ${formatEnd(coverage.until)}: ${coverage.reason}`;
    case "uncovered":
      return coverage.why === undefined ? "no rule backs it up" : `not backed up: ${coverage.why}`;
    case "no-data":
      return coverage.why === "read-only" ? "no container may write to it" : explainNoData(coverage.why);
    default:
      return unreachable(coverage);
  }
}
