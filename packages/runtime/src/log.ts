import { errorChain } from "@shipkeeper/kit";
import { pino, type Logger } from "pino";

export type { Logger } from "pino";

/** JSON lines on standard output, where systemd's journal takes them; errors as one joined chain. */
export function createLog(program: string, level = process.env["SHIPKEEPER_LOG_LEVEL"] ?? "info"): Logger {
  return pino({
    level,
    base: { program },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: errorChain },
  });
}

/** For tests and commands that print for themselves. */
export const silentLog: Logger = pino({ level: "silent" });
