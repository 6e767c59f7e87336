import type { ActionKind } from "../action.ts";
import { explainBackup, summarizeBackup } from "./explain.ts";
import { measureBackup } from "./outcome.ts";
import { planBackup } from "./plan.ts";
import { misfitOfBackup, overlapOfBackups, backupSpecSchema, type BackupSpec } from "./spec.ts";

export const backup: ActionKind<"backup", BackupSpec> = {
  kind: "backup",
  spec: backupSpecSchema,
  trigger: "scheduled",
  background: true,
  destructive: false,
  /** Twice within the span, so that one failure does not yet lose more than was agreed. */
  schedule: ({ rpo }) => (rpo === undefined ? undefined : { everyMs: Math.max(1_000, Math.floor(rpo / 2)) }),
  companions: ({ to, keep, rpo, verify, drill, consistency }, name) => [
    { kind: "verify", spec: { of: name, to, ...verify } },
    { kind: "retain", spec: { of: name, to, keep } },
    ...(drill === undefined
      ? []
      : [{ kind: "drill", spec: { of: name, to, rpo, hook: hookOf(consistency), ...drill } }]),
  ],
  misfit: misfitOfBackup,
  plan: planBackup,
  overlap: overlapOfBackups,
  explain: explainBackup,
  summarize: summarizeBackup,
  measure: measureBackup,
};

function hookOf(consistency: BackupSpec["consistency"]): string | undefined {
  return typeof consistency === "object" ? consistency.hook : undefined;
}
