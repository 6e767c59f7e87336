/** What the backup rules of a host's policies promise for what the host holds. */
import type { BackupReason } from "../actions/backup/reason.ts";
import { candidatesOf } from "../actions/backup/candidates.ts";
import { backupSpecSchema, type BackupSpec } from "../actions/backup/spec.ts";
import { readDatasetId } from "../dataset/dataset.ts";
import { exceptionsFor, ruleKey } from "../language/compile.ts";
import type { Policy } from "../language/policy.ts";
import type { World } from "../round/world.ts";
import type { Agreement } from "./agreement.ts";

export interface OwnedAgreement {
  readonly agreement: Agreement;
  readonly owner: string | undefined;
}

/**
 * One for each rule that is enforced and each dataset that it is about. What the rule cannot do at present, because a
 * container must not be stopped or a repository is not known there, was promised all the same.
 */
export function agreementsOf(
  policies: readonly Policy[],
  world: Omit<World, "exceptions">,
): OwnedAgreement[] {
  return policies.flatMap((policy) =>
    policy.rules.flatMap((rule) => {
      const spec = backupSpecSchema.safeDecode(rule.spec as never).data;
      if (rule.kind !== "backup" || rule.mode !== "enforce" || spec === undefined) return [];
      const exceptions = exceptionsFor({ policy, rule }, world.now);
      const key = ruleKey(policy.name, rule.name);
      return candidatesOf(spec, { ...world, exceptions }).flatMap(({ target, left }): OwnedAgreement[] =>
        left === undefined || !STAYS_OUT.has(left.why)
          ? [{ agreement: agreementOf(spec, { rule: key, dataset: target.id }), owner: target.owner }]
          : [],
      );
    }),
  );
}

/** What the rule is not about. */
const STAYS_OUT: ReadonlySet<string> = new Set<BackupReason["why"]>([
  "never-touch",
  "bind-not-allowed",
  "not-selected",
  "exception",
  "driver",
  "anonymous",
  "no-data",
  "in-registry",
]);

/** What a rule promises for one dataset. */
export function agreementOf(
  { to, rpo, drill, verify, keep }: BackupSpec,
  { rule, dataset }: Pick<Agreement, "rule" | "dataset">,
): Agreement {
  // An image never changes: it is saved once, and nothing of it can be lost since.
  const changes = readDatasetId(dataset)?.kind !== "image";
  return {
    dataset,
    rule,
    repositories: [...new Set(to)],
    ...(changes && rpo !== undefined && { rpoMs: rpo }),
    ...(drill?.rto !== undefined && { rtoMs: drill.rto }),
    structureMs: verify.structure,
    keptMs: keep.within,
  };
}
