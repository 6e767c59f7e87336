/** Asks a container once, in the way of its probe, within the probe's time. */
import {
  DeadlinePassed,
  errorChain,
  formatDuration,
  maskSecrets,
  unreachable,
  type Clock,
} from "@shipkeeper/kit";
import { DockerUnavailable, type Engine } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import type { Probe } from "@shipkeeper/policy";
import { askExec } from "./ask-exec.ts";
import { askHttp } from "./ask-http.ts";
import { askLog, type LastLogAt } from "./ask-log.ts";
import { askTcp } from "./ask-tcp.ts";
import { probeTarget } from "./probe-target.ts";

/** An answer in words. */
export interface Said {
  readonly ok: boolean;
  readonly said: string;
  /** What was begun in the container is still under way there. */
  readonly hangs?: boolean;
}

/** What could not be asked says nothing of the container. */
export type Asked = Said | { readonly ok: "not-asked"; readonly said: string };

export interface AskedOf {
  readonly container: Container;
  /** All that the host has: some share the network of another. */
  readonly containers: readonly Container[];
  /** Aborts when the agent stops. */
  readonly signal: AbortSignal;
}

export type Ask = (probe: Probe, of: AskedOf) => Promise<Asked>;

/** What asks. It never rejects: what goes wrong is the answer. */
export function createAsk(tools: {
  readonly engine: Pick<Engine, "exec" | "logs">;
  readonly clock: Clock;
  readonly lastLogAt?: LastLogAt | undefined;
}): Ask {
  return async (probe, of) => {
    const deadline = AbortSignal.timeout(probe.timeoutMs);
    try {
      const asked = await askWay(probe, of, deadline);
      return { ...asked, said: maskSecrets(asked.said) };
    } catch (error) {
      const said = maskSecrets(errorChain(error));
      if (of.signal.aborted) return { ok: "not-asked", said: "the agent stops" };
      if (!isAnswer(error)) return { ok: "not-asked", said };
      const isLate = deadline.aborted;
      return { ok: false, said: isLate ? `no answer within ${formatDuration(probe.timeoutMs)}` : said };
    }
  };

  async function askWay({ way, timeoutMs }: Probe, of: AskedOf, deadline: AbortSignal): Promise<Asked> {
    const { container, containers } = of;
    const signal = AbortSignal.any([deadline, of.signal]);
    switch (way.kind) {
      case "http":
      case "tcp": {
        const target = probeTarget(container, way.port, containers);
        if (target === undefined) return { ok: "not-asked", said: `no way leads to its port ${way.port}` };
        return way.kind === "http" ? askHttp(way, target, signal) : askTcp(target, signal);
      }
      case "exec":
        // The engine keeps the time itself, and tells that the program did not end.
        return askExec(way, { ...tools, container, timeoutMs, signal: of.signal });
      case "log-silence":
        // However long the engine takes to read a log, that says nothing of the container.
        return askLog(way.silentForMs, { ...tools, container, signal: of.signal });
      default:
        return unreachable(way);
    }
  }
}

/** Whether a failure is the container's: not where the engine does not answer, or this host has no route to it. */
function isAnswer(error: unknown): boolean {
  if (error instanceof DockerUnavailable || error instanceof DeadlinePassed) return false;
  return (error as NodeJS.ErrnoException).code !== "ENETUNREACH";
}
