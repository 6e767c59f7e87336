import type { ApiLog, FleetReport, ReportedLog } from "@shipkeeper/protocol";
import type { FleetFacts } from "./fleet-facts.ts";

const LOGS_SHOWN = 10;

/** Who logs most at present, and how many logs burst. */
export function reportLogs({ logs }: Pick<FleetFacts, "logs">): FleetReport["logs"] {
  const loudest = logs
    .filter(({ bytesPerMinute }) => bytesPerMinute > 0)
    .toSorted((a, b) => b.bytesPerMinute - a.bytesPerMinute)
    .slice(0, LOGS_SHOWN);
  return { loudest, bursting: logs.filter(({ isBursting }) => isBursting).length };
}

/** What the report says of a log; nothing of one that is quiet, or that nobody watches. */
export function logFact({ host, name, owner, ...log }: ApiLog): ReportedLog | undefined {
  const { bytesPerMinute = 0, matches = {}, logBytes, burst, logDriver, logRotation } = log;
  if (bytesPerMinute === 0 && burst === undefined) return undefined;
  const { maxSize = "-1" } = logRotation ?? {};
  return {
    host,
    container: name,
    owner,
    bytesPerMinute,
    matches: Object.entries(matches).map(([pattern, count]) => ({ pattern, count })),
    keptBytes: logBytes,
    isBursting: burst !== undefined,
    // Of an agent that does not read the options nothing is said.
    growsWithoutEnd: logDriver === "json-file" && logRotation !== undefined && maxSize === "-1",
  };
}
