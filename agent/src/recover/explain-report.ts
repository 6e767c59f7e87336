import { formatDuration, formatInstant } from "@shipkeeper/kit";
import type { RecoveryReport } from "./recover.ts";

/** A report in the lines that a person reads. */
export function explainReport(report: RecoveryReport): string[] {
  const { host, repository, steps, warnings, dryRun, complete, rpoMs, rtoMs, phasesMs, datasets } = report;
  const failed = steps.filter(({ problem }) => problem !== undefined);
  const how = dryRun ? "would be rebuilt" : complete ? "is rebuilt" : "is not whole";
  const phases = Object.entries(phasesMs).map(([phase, ms]) => `${phase} ${formatDuration(ms)}`);
  return [
    "",
    `host ${host.name} (${host.id}) ${how} from repository ${repository}`,
    ...datasets.map(
      ({ dataset, at, ageMs }) =>
        `  ${dataset.padEnd(32)} ${formatInstant(at)}, ${formatDuration(ageMs)} old`,
    ),
    `data lost at most   ${formatDuration(rpoMs)}`,
    ...(dryRun ? [] : [`time needed         ${formatDuration(rtoMs)} (${phases.join(", ")})`]),
    ...failed.map(({ kind, name, problem }) => `failed: ${kind} ${name}: ${problem}`),
    ...warnings.map((warning) => `mind: ${warning}`),
    ...(complete || dryRun ? [] : ["run it again to go on"]),
  ];
}
