import { unreachable } from "@shipkeeper/kit";
import type { Healthcheck } from "./forge-image.ts";

/** What a container of the lab does once it is created. */
export type Behaviour =
  | { kind: "running" }
  | { kind: "healthy" }
  /** Its first start is sick until somebody restarts it; every later start is well. Says so by a file, in a volume if others `need` it. */
  | { kind: "mends-on-restart"; well?: string }
  /** Is as well as the one whose file it is. */
  | { kind: "needs"; file: string }
  | { kind: "never-healthy" }
  | { kind: "exited"; code: number }
  | { kind: "created" }
  | { kind: "paused" }
  /** Ends at once, and the engine starts it again and again. */
  | { kind: "restart-looping" };

export interface Program {
  command: readonly string[];
  healthcheck?: Healthcheck;
  restart?: "always";
}

/** Ends at the first SIGTERM: the first process of a container ignores signals that it does not handle. */
const SERVE = "trap 'exit 0' TERM INT; sleep 2147483 & wait";
/** Lasts in the container's own files from one start to the next. */
const STARTED_BEFORE = "/tmp/started-before"; // where whoever the image runs as may write
const WELL = "/tmp/well";

/** The program, health check and restart policy that make a container behave so, with nothing but a shell. */
export function programFor(behaves: Behaviour, { intervalMs }: { intervalMs: number }): Program {
  const healthcheck = (line: string): Healthcheck => ({
    test: ["CMD-SHELL", line],
    intervalMs,
    timeoutMs: 8_000, // a busy machine takes seconds to start a probe, and that is not sickness
    retries: 1,
  });

  switch (behaves.kind) {
    case "running":
    case "created":
    case "paused":
      return shell(SERVE);
    case "healthy":
      return { ...shell(SERVE), healthcheck: healthcheck("true") };
    case "never-healthy":
      return { ...shell(SERVE), healthcheck: healthcheck("echo no answer from the database; exit 1") };
    case "mends-on-restart": {
      const { well = WELL } = behaves;
      return {
        ...shell(
          `rm -f ${well}; if [ -e ${STARTED_BEFORE} ]; then touch ${well}; fi; touch ${STARTED_BEFORE}; ${SERVE}`,
        ),
        healthcheck: healthcheck(`test -e ${well} || { echo worker is stuck; exit 1; }`),
      };
    }
    case "needs":
      return {
        ...shell(SERVE),
        healthcheck: healthcheck(`test -e ${behaves.file} || { echo no answer from what it needs; exit 1; }`),
      };
    case "exited":
      return shell(`exit ${behaves.code}`);
    case "restart-looping":
      return { ...shell("exit 1"), restart: "always" };
    default:
      return unreachable(behaves);
  }
}

function shell(line: string): Program {
  return { command: ["/bin/sh", "-c", line] };
}
