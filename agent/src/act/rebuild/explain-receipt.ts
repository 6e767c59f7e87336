import { formatDuration, formatInstant } from "@shipkeeper/kit";
import type { DrillReceipt } from "@shipkeeper/protocol";

/** What rebuilding a whole host for a try came to, in the lines that a person reads. */
export function explainReceipt(receipt: DrillReceipt): string[] {
  const { dataset, ofHost, repository, passed, failure, dataAt, rpoMs, rtoMs, rebuilt } = receipt;
  const host = ofHost === undefined ? dataset : `host ${ofHost.name} (${ofHost.id})`;
  const phases = receipt.phases.map(({ phase, ms }) => `${phase} ${formatDuration(ms)}`).join(", ");
  return [
    `${host} ${passed ? "was rebuilt" : "was not rebuilt"} from repository ${repository} for a try; all of it is gone again`,
    ...(rebuilt === undefined
      ? []
      : [
          `  ${Object.entries(rebuilt)
            .map(([what, count]) => `${count} ${what}`)
            .join(", ")}`,
        ]),
    ...receipt.assertions.map(
      (one) => `  ${one.passed ? "well" : "FAILED"}  ${one.assert}: ${one.said} (${formatDuration(one.ms)})`,
    ),
    ...(dataAt === undefined
      ? []
      : [`data lost at most   ${formatDuration(rpoMs ?? 0)} (of ${formatInstant(dataAt)})`]),
    ...(rtoMs === undefined
      ? [`took                ${phases}`]
      : [`time needed         ${formatDuration(rtoMs)} (${phases})`]),
    ...(failure === undefined ? [] : [`failed: ${failure}`]),
    ...(receipt.warnings ?? []).map((warning) => `mind: ${warning}`),
  ];
}
