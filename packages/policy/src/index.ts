export * from "./actions/action.ts";
export * from "./actions/backup/outcome.ts";
export {
  consistencySchema,
  keepOfRepositorySchema,
  keepSchema,
  verifyKeysSchema,
  type BackupSpec,
  type Consistency,
  type Keep,
  type KeepOfRepository,
  type VerifyKeys,
} from "./actions/backup/spec.ts";
export * from "./actions/catalog.ts";
export { dependenciesAmong } from "./actions/dependencies.ts";
export { dependentsFirst } from "./actions/dependents-first.ts";
export * from "./actions/drill/outcome.ts";
export { expectDrill, mountOf } from "./actions/drill/plan.ts";
export { missingRoom } from "./actions/drill/room.ts";
export { expectRebuild, rebuiltDataset } from "./actions/rebuild/plan.ts";
export { rebuildSpecSchema, type RebuildSpec } from "./actions/rebuild/spec.ts";
export {
  drillKeysSchema,
  type DrillAssertion,
  type DrillKeys,
  type DrillSpec,
} from "./actions/drill/spec.ts";
export * from "./actions/exception.ts";
export * from "./actions/expectation.ts";
export { databaseSign } from "./actions/database.ts";
export * from "./actions/expire/outcome.ts";
export { expireReasonSchema } from "./actions/expire/reason.ts";
export type { ExpireSpec } from "./actions/expire/spec.ts";
export { recordAtWork } from "./actions/prune/build-cache.ts";
export { isRelieved } from "./actions/prune/pressure.ts";
export { pressureReasonSchema } from "./actions/prune/reason.ts";
export type { PruneSpec } from "./actions/prune/spec.ts";
export { verifyMs } from "./actions/restart/budget.ts";
export * from "./actions/registry/outcome.ts";
export type { RegistrySpec } from "./actions/registry/spec.ts";
export { diagnose, signsOf, type Diagnosis } from "./actions/restart/diagnose.ts";
export * from "./actions/restart/outcome.ts";
export { restartReasonSchema, type RestartReason } from "./actions/restart/reason.ts";
export * from "./actions/restart/sign.ts";
export type { ProbeSpec } from "./actions/restart/probe-spec.ts";
export * from "./actions/restart/probes-for.ts";
export { hasRecovered } from "./actions/restart/recovered.ts";
export type { RestartSpec } from "./actions/restart/spec.ts";
export { explainRetain } from "./actions/retain/explain.ts";
export { judgeGroup, type JudgedRestorePoint } from "./actions/retain/judge.ts";
export { SAFETY_RULE } from "./actions/retain/orphans.ts";
export { restorePointVerdict, type RetainVerdict } from "./actions/retain/plan.ts";
export * from "./actions/verify/outcome.ts";
export type { VerifySpec } from "./actions/verify/spec.ts";
export * from "./availability/availability.ts";
export { isGone, judgeLook, type KnownAvailability } from "./availability/judge-look.ts";
export * from "./availability/watching.ts";
export * from "./compliance/catalog.ts";
export * from "./dataset/dataset.ts";
export * from "./dataset/mounted.ts";
export * from "./dataset/ladder.ts";
export * from "./dataset/plausibility.ts";
export * from "./recovery/host-configuration.ts";
export * from "./recovery/explain-recovery.ts";
export * from "./recovery/plan-recovery.ts";
export { writeRunbook } from "./recovery/runbook.ts";
export { scratchHost, type ScratchHost } from "./recovery/scratch-host.ts";
export * from "./recovery/secrets.ts";
export * from "./recovery/start-order.ts";
export * from "./dataset/proof.ts";
export * from "./dataset/repository-problem.ts";
export * from "./dataset/rung.ts";
export * from "./dataset/sweep.ts";
export * from "./compliance/check.ts";
export * from "./compliance/finding.ts";
export { basesByLabel, type HostToJudge, type BackupsToJudge } from "./compliance/host-view.ts";
export { spellingsOf } from "./compliance/image-names.ts";
export * from "./compliance/judge-host.ts";
export * from "./compliance/judge-image.ts";
export * from "./compliance/rule.ts";
export * from "./compliance/score.ts";
export * from "./coverage/exclusion.ts";
export * from "./coverage/judge-coverage.ts";
export * from "./guardrails.ts";
export * from "./dump-program.ts";
export * from "./hook.ts";
export * from "./incident/incident.ts";
export * from "./incident/track-incidents.ts";
export * from "./language/check-hosts.ts";
export * from "./language/compile.ts";
export * from "./language/exemption.ts";
export * from "./language/diff-policies.ts";
export * from "./language/json-schema.ts";
export * from "./language/language-keys.ts";
export * from "./language/parse-guardrails.ts";
export * from "./language/parse-policy.ts";
export * from "./language/policy.ts";
export * from "./language/problem.ts";
export * from "./language/select.ts";
export * from "./logs/line-pattern.ts";
export * from "./logs/log-rule.ts";
export * from "./logs/watched-log.ts";
export * from "./rollout/rings.ts";
export * from "./objectives/agreement.ts";
export * from "./objectives/agreements.ts";
export * from "./objectives/judge-objective.ts";
export * from "./objectives/state-at.ts";
export { TERMS_A_PROOF_COUNTS, type VouchedPoint } from "./objectives/vouched.ts";
export * from "./preview/compare-rounds.ts";
export * from "./preview/try-bundle.ts";
export * from "./rollout/trips.ts";
export * from "./round/check-round.ts";
export * from "./round/explain-round.ts";
export * from "./round/needs.ts";
export * from "./round/outside.ts";
export * from "./round/plan-round.ts";
export * from "./round/round.ts";
export * from "./round/signals.ts";
export * from "./round/standing.ts";
export * from "./round/step-counts.ts";
export * from "./round/urgent-rules.ts";
export * from "./round/world.ts";
export { nextDue, type DueQuestion } from "./schedule/due.ts";
export { durationSchema } from "./language/values.ts";
export { cronSchema, timezoneSchema } from "./schedule/schedule-schemas.ts";
