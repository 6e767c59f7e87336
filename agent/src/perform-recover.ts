/** A recovery by a signed order: what `shipkeeper-agent recover` does here, but never out of the cell. */
import { setTimeout } from "node:timers/promises";
import type { Clock } from "@shipkeeper/kit";
import type { Engine } from "@shipkeeper/docker";
import { explainRecoveryStep } from "@shipkeeper/policy";
import { MOST_ORDER_SAID } from "@shipkeeper/protocol";
import { leaveToBegin, openOrdered, type OrderSurroundings } from "./open-ordered.ts";
import type { Performer } from "./orders/performers.ts";
import { readRecoveryKeyFile } from "./recovery-key-file.ts";
import { explainReport } from "./recover/explain-report.ts";
import { RecoveryIncomplete, recover, type RecoveryReport } from "./recover/recover.ts";

export interface RecoverSurroundings extends OrderSurroundings {
  readonly engine: Engine;
  readonly stateDir: string;
  /** Where root put the recovery key, if anywhere: an order carries no secret. */
  readonly recoveryKeyFile: string | undefined;
  readonly clock: Clock;
}

export function performRecover(
  surroundings: RecoverSurroundings,
  { open, rebuild } = { open: openOrdered, rebuild: recover },
): Performer<"recover"> {
  const { engine, stateDir, recoveryKeyFile, clock } = surroundings;
  return async ({ sourceHostId, repository, at, dryRun = false }, { onProgress, signal }) => {
    leaveToBegin(surroundings);
    const report = await rebuild({
      wanted: { repository, host: sourceHostId, at },
      dryRun,
      recoveryKey: readRecoveryKeyFile(recoveryKeyFile),
      stateDir,
      engine,
      restic: await open(surroundings, repository),
      uncontained: false,
      clock,
      pause: (ms, options) => setTimeout(ms, undefined, options),
      onProgress,
      signal,
    });
    const said = inBrief(report);
    if (!report.complete && !dryRun) throw new RecoveryIncomplete(said);
    return said;
  };
}

/** Of its datasets nothing is told where all of it is too long; a dry run ends with the plan. */
function inBrief(report: RecoveryReport): string {
  const plan = report.dryRun ? report.steps.map((step) => explainRecoveryStep(step)) : [];
  const whole = textOf([...explainReport(report), ...plan]);
  if (whole.length <= MOST_ORDER_SAID) return whole;
  const cut = `\n… ${report.datasets.length} datasets, ${report.steps.length} steps: the agent's log has them all`;
  const shorter = textOf([...explainReport({ ...report, datasets: [] }), ...plan]);
  return `${shorter.slice(0, MOST_ORDER_SAID - cut.length)}${cut}`;
}

const textOf = (lines: readonly string[]) => lines.join("\n").trim();
